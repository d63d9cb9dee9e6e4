<?php
// Notes the platform for clients' first sites, once.
$path = '/var/aegir/platforms/drupal-7';
$nid = db_query('SELECT nid FROM {hosting_platform} WHERE publish_path = :path', [':path' => $path])->fetchField();
if (!$nid) {
  $node = (object) [
    'uid' => 1,
    'type' => 'platform',
    'title' => 'Drupal 7',
    'status' => 1,
    'publish_path' => $path,
    'makefile' => '',
    'verified' => 0,
    'web_server' => variable_get('hosting_default_web_server', 2),
    'platform_status' => 1,
    'make_working_copy' => 0,
  ];
  node_save($node);
  $nid = $node->nid;
}
print "platform: $nid\n";
