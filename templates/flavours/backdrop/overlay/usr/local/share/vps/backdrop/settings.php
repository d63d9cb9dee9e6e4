<?php
// Read at the end of the panel's settings.php, after what Aegir wrote, which takes https for granted: the panel is
// reached by https as soon as its vhost has a certificate, and by http until then.
(static function (): void {
  $name = trim((string) @file_get_contents('/var/lib/vps/backdrop/panel-name'));
  if ($name === '') {
    return;
  }
  $vhost = (string) @file_get_contents("/var/aegir/config/server_master/nginx/vhost.d/$name");
  $GLOBALS['base_url'] = (str_contains($vhost, 'ssl_certificate ') ? 'https://' : 'http://') . $name;
})();
