<?php
// Read at the end of the settings.php of the panel, and of sites on the image's own platform. Aegir writes addresses with
// https before there is a certificate; a site is reached by https as soon as its vhost has one, and by http until then.
// Nothing is told to Backdrop's makers of a client's machine unless its administrator wants it.
$settings['telemetry_enabled'] ??= FALSE;
(static function (): void {
  $name = parse_url($GLOBALS['base_url'] ?? '', PHP_URL_HOST);
  if (!$name && str_starts_with(getcwd() ?: '', '/var/aegir/admin')) {
    $name = trim((string) @file_get_contents('/var/lib/vps/backdrop/panel-name'));
  }
  if ($name) {
    $vhost = (string) @file_get_contents('/var/aegir/config/server_master/nginx/vhost.d/' . basename($name));
    $GLOBALS['base_url'] = (str_contains($vhost, 'ssl_certificate ') ? 'https://' : 'http://') . $name;
  }
})();
