#!/usr/bin/env bash
# Makes a release from the last commit: .github/release.sh VERSION [Maven options]
#
# Two copies of the commit are built in two folders, by two local settings. Every artifact must have the same bytes in both; then the bundle
# for Maven Central is in target/release. Nothing is sent. To sign and to send it, add -Dgpg.skip=false -DskipUpload=false.
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: .github/release.sh VERSION [Maven options], for instance .github/release.sh 0.1.0"; exit 2; }
version=$1; shift
root=$(git rev-parse --show-toplevel)
now=$(grep -m1 -oP '<version>\K[^<]+-SNAPSHOT' "$root/lora-dl4j/bom/pom.xml") || { echo "lora-dl4j/bom/pom.xml has no version that ends in -SNAPSHOT"; exit 1; }
out=$root/target/release
rm -rf "$out"; mkdir -p "$out/first" "$out/the second elsewhere"
time=$(git -C "$root" log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)

# Programs for the version before must still compile and run; the first version has none before it.
before=$(grep -m1 -oP '<released.version>\K[^<]+' "$root/lora-dl4j/bom/pom.xml")
profiles=release; [ "$before" = none ] || profiles=release,compatibility

# -T1: the plugin of Maven Central makes the bundle with the module that is last in order, which side by side others may still follow.
# The archiver takes away what a generous umask gives to folders, but does not give back what a strict one takes, so none is stricter than 022.
build() { # folder, locale, time zone, umask, Maven options
  git -C "$root" archive HEAD | tar -x -C "$1"
  find "$1" -name pom.xml -exec sed -i "s#<version>$now</version>#<version>$version</version>#; s#<project.build.outputTimestamp>[^<]*#<project.build.outputTimestamp>$time#" {} +
  (cd "$1" && umask "$4" && LC_ALL=$2 TZ=$3 mvn -T1 -B -ntp -P"$profiles" -Dmaven.test.skip=true deploy "${@:5}")
}
# The first is never sent: it only has to have the same bytes.
TZ=UTC0 build "$out/first" C UTC 022 "$@" -Dgpg.skip=true -DskipUpload=true
TZ=UTC0 build "$out/the second elsewhere" C.UTF-8 Asia/Tokyo 002 "$@"

same=0
while IFS= read -r file; do
  cmp "$out/first/$file" "$out/the second elsewhere/$file" || { echo "$file differs between two builds of the same commit"; exit 1; }
  same=$((same + 1))
done < <(cd "$out/first" && find . -path '*/target/*' \( -name "*-$version*.jar" -o -name bom.json \) -not -path '*/integration-tests/*' | sort)
[ "$same" -gt 0 ] || { echo "no artifact was made"; exit 1; }
bundle=$(find "$out/the second elsewhere" -name central-bundle.zip)
cp "$bundle" "$out/lora4j-$version-bundle.zip"
echo "$same artifacts, the same bytes in two builds. The bundle: target/release/lora4j-$version-bundle.zip"
