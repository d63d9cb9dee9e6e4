<?php
// Puts a verification of this server into the queue and names its task.
$server = variable_get('hosting_default_web_server', 2);
$task = hosting_add_task($server, 'verify');
print 'task: ' . (is_object($task) ? $task->nid : $task) . "\n";
