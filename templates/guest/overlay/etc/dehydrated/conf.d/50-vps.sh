# shellcheck shell=bash disable=SC2034
# Certificates are kept by /usr/local/lib/vps/certificates, which brings a configuration of its own. Called without it,
# dehydrated has nothing to ask for, and touches nothing of theirs: the list that Aegir writes would ask for every
# site, paid for or not, and again at each verify.
DOMAINS_TXT=/dev/null
CERTDIR=/var/lib/dehydrated/by-hand
