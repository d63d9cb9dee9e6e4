<?php
// The first account's mail, as the settings have it; its password is nobody's.
$account = user_load(1);
user_save($account, ['mail' => trim(file_get_contents('/var/aegir/.vps-mail')), 'status' => 1]);
print "account: {$account->name}\n";
