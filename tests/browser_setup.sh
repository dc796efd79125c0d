#!/bin/sh
# Browser tests need Chromium and a Chinese font. Where one is missing and this account may use
# apt-get, install both; elsewhere those tests are skipped and pytest's summary says so.
set -u
have_font() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh family)" ]; }
have_browser() { command -v chromium >/dev/null; }

have_browser && have_font && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Browser tests: Chromium or a Chinese font is missing (Debian: chromium fonts-noto-cjk)"
  exit 0
fi
echo "Browser tests: installing chromium and fonts-noto-cjk"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fontconfig fonts-noto-cjk; } \
  >/tmp/packbourse-apt.$$ 2>&1 || tail -n 3 /tmp/packbourse-apt.$$
rm -f /tmp/packbourse-apt.$$
exit 0
