#!/bin/sh
# Makes the throw-away certificates anew: sh certificates.sh, in this folder. The vectors change with them.
#   ca.pem         the root, whose key is thrown away at once
#   signing.pem    a certificate of that root, and signing.key.pem its key
#   stranger.pem   one of the same name that nobody vouches for, and stranger.key.pem its key
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/index"
cat > "$work/ca.cnf" <<END
[ca]
default_ca = here
[here]
new_certs_dir = $work
database = $work/index
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:sns.amazonaws.com
END

certify() { # NAME EXTENSIONS ARGUMENTS…
  name=$1 extensions=$2
  shift 2
  openssl ca -batch -notext -config "$work/ca.cnf" -extensions "$extensions" \
    -startdate 20250101000000Z -enddate 21250101000000Z -in "$work/$name.csr" -out "$name.pem" "$@"
}

openssl ecparam -name prime256v1 -genkey -noout -out "$work/ca.key"
openssl req -new -key "$work/ca.key" -subj "/CN=Root for tests" -out "$work/ca.csr"
certify ca root -selfsign -keyfile "$work/ca.key"
for name in signing stranger; do
  openssl genrsa -out "$name.key.pem" 2048
  openssl req -new -key "$name.key.pem" -subj "/CN=sns.amazonaws.com" -out "$work/$name.csr"
done
certify signing leaf -cert ca.pem -keyfile "$work/ca.key"
certify stranger leaf -selfsign -keyfile stranger.key.pem
