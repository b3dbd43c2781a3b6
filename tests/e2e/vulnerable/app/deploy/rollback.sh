#!/bin/sh
set -eu
version="$1"
GITHUB_TOKEN="${GITHUB_TOKEN:?set it first}" gh release delete "$version" --yes
