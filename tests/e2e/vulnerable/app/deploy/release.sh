#!/bin/sh
set -eu
version="$1"
GITHUB_TOKEN="{{GITHUB_TOKEN}}" gh release create "$version" --generate-notes
curl --fail --silent --max-time 10 --data "text=Released" "{{SLACK_WEBHOOK}}"
