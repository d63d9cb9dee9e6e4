<?php
// Aegir refuses to work above five times the number of CPUs, which a small guest reaches while it is made.
$options['critical_load_multiplier'] = 20;
