<?php
// Put before upstream's installer: its arguments come as JSON on standard input, so no password is on a command line.
$given = json_decode((string) stream_get_contents(STDIN), true);
if (!is_array($given)) {
  fwrite(STDERR, "The installer was given no answers.\n");
  exit(1);
}
$_SERVER['argv'] = ['install.sh', ...array_map('strval', $given)];
