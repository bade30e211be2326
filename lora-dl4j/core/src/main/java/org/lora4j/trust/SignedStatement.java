/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.io.IOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What a signature states of a model: its files, or ranges of them, with their hashes, as the specification of OpenSSF Model
 * Signing 1.0 has it.
 *
 * @param resources in their order
 * @param sharded whether they are ranges of files
 * @param allowsLinks whether a link stands for the file that it leads to
 * @param ignored paths that the signer left out
 */
record SignedStatement(List<Resource> resources, boolean sharded, boolean allowsLinks, List<String> ignored) {

    static final String STATEMENT = "https://in-toto.io/Statement/v1";
    static final String PREDICATE = "https://model_signing/signature/v1.0";

    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern SHARD = Pattern.compile("(.+):(\\d{1,18}):(\\d{1,18})", Pattern.DOTALL);
    private static final Pattern SHARDED = Pattern.compile("sha256(-sharded-\\d{1,18}(\\.0)?)?");
    private static final int MOST_RESOURCES = 1_000_000;

    /**
     * A file, or a range of one.
     *
     * @param path below the directory, with slashes
     * @param from first byte
     * @param to byte behind the last one; -1 for the end of the file
     * @param digest SHA-256 of the bytes
     */
    record Resource(String path, long from, long to, String digest) {}

    static SignedStatement read(String where, byte[] payload) throws IOException {
        Map<String, Object> fields;
        try {
            fields = JsonObjects.read(where, payload);
        } catch (IOException e) {
            throw refused(where, "what is signed is no object of JSON", e);
        }
        require(where, "_type", fields.get("_type"), STATEMENT);
        require(where, "predicateType", fields.get("predicateType"), PREDICATE);
        Map<?, ?> predicate = object(where, "predicate", fields.get("predicate"));
        Map<?, ?> serialization = object(where, "serialization", predicate.get("serialization"));
        String method = text(where, "method", serialization.get("method"));
        if (!method.equals("files") && !method.equals("shards")) {
            throw refused(
                    where,
                    "the files are serialized by " + MessageText.name(method) + "; expected \"files\" or \"shards\"",
                    null);
        }
        require(where, "hash_type", serialization.get("hash_type"), "sha256");
        boolean sharded = method.equals("shards");
        List<Resource> resources = resources(where, predicate.get("resources"), sharded);
        requireRoot(where, fields.get("subject"), resources);
        return new SignedStatement(
                resources,
                sharded,
                Boolean.TRUE.equals(serialization.get("allow_symlinks")),
                ignored(where, serialization.get("ignore_paths")));
    }

    private static List<String> ignored(String where, Object value) throws IOException {
        List<String> ignored = new ArrayList<>();
        if (value == null) {
            return ignored;
        }
        if (!(value instanceof List<?> list)) {
            throw refused(where, "ignore_paths is no list", null);
        }
        for (Object path : list) {
            ignored.add(text(where, "ignore_paths", path));
        }
        return ignored;
    }

    private static List<Resource> resources(String where, Object value, boolean sharded) throws IOException {
        if (!(value instanceof List<?> list) || list.isEmpty() || list.size() > MOST_RESOURCES) {
            throw refused(where, "it names no files; expected one or more resources", null);
        }
        List<Resource> resources = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Object entry : list) {
            Map<?, ?> fields = object(where, "a resource", entry);
            String name = text(where, "name of a resource", fields.get("name"));
            String algorithm = text(where, "algorithm", fields.get("algorithm"));
            String digest = text(where, "digest", fields.get("digest"));
            boolean known = sharded ? SHARDED.matcher(algorithm).matches() : algorithm.equals("sha256");
            if (!known || !DIGEST.matcher(digest).matches()) {
                throw refused(
                        where,
                        MessageText.name(name) + " has a hash by " + MessageText.name(algorithm)
                                + "; expected one of 64 hexadecimal digits by sha256",
                        null);
            }
            if (!names.add(name)) {
                throw refused(where, "it names " + MessageText.name(name) + " twice", null);
            }
            resources.add(resource(where, name, digest, sharded));
        }
        return resources;
    }

    private static Resource resource(String where, String name, String digest, boolean sharded) throws IOException {
        if (!sharded) {
            requireBelow(where, name);
            return new Resource(name, 0, -1, digest);
        }
        java.util.regex.Matcher parts = SHARD.matcher(name);
        if (!parts.matches() || Long.parseLong(parts.group(2)) >= Long.parseLong(parts.group(3))) {
            throw refused(where, MessageText.name(name) + " is no range of a file; expected path:start:end", null);
        }
        requireBelow(where, parts.group(1));
        return new Resource(parts.group(1), Long.parseLong(parts.group(2)), Long.parseLong(parts.group(3)), digest);
    }

    /** A name that leads out of the directory is none of its files. */
    static void requireBelow(String where, String name) throws IOException {
        boolean below = !name.isEmpty() && name.indexOf('\\') < 0 && name.indexOf('\0') < 0;
        if (!name.equals(".")) {
            for (String part : name.split("/", -1)) {
                below &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
            }
            below &= !name.matches("[A-Za-z]:.*");
        }
        if (!below) {
            throw refused(
                    where,
                    "it names " + MessageText.name(name)
                            + ", which is outside of the directory; expected a path below it",
                    null);
        }
    }

    /** The subject's hash is of all hashes in the order of the list. */
    private static void requireRoot(String where, Object value, List<Resource> resources) throws IOException {
        if (!(value instanceof List<?> subjects) || subjects.size() != 1) {
            throw refused(where, "it has no single subject", null);
        }
        Map<?, ?> digest = object(
                where, "digest", object(where, "subject", subjects.get(0)).get("digest"));
        String expected = text(where, "digest of the subject", digest.get("sha256"));
        MessageDigest all = Sha256.begin();
        for (Resource resource : resources) {
            all.update(HexFormat.of().parseHex(resource.digest()));
        }
        String found = HexFormat.of().formatHex(all.digest());
        if (!found.equals(expected)) {
            throw refused(
                    where,
                    "the hash of its subject is " + MessageText.name(expected) + ", but its files have together "
                            + found,
                    null);
        }
    }

    /** The statement as it is to be signed. */
    static String of(String name, Map<String, String> digests, List<String> ignored) {
        MessageDigest all = Sha256.begin();
        List<Map<String, Object>> resources = new ArrayList<>();
        digests.forEach((path, digest) -> {
            all.update(HexFormat.of().parseHex(digest));
            resources.add(ordered("name", path, "algorithm", "sha256", "digest", digest));
        });
        String root = HexFormat.of().formatHex(all.digest());
        return JsonObjects.write(ordered(
                "_type",
                STATEMENT,
                "subject",
                List.of(ordered("name", name, "digest", Map.of("sha256", root))),
                "predicateType",
                PREDICATE,
                "predicate",
                ordered(
                        "serialization",
                        ordered(
                                "method",
                                "files",
                                "hash_type",
                                "sha256",
                                "allow_symlinks",
                                false,
                                "ignore_paths",
                                ignored),
                        "resources",
                        resources)));
    }

    static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return fields;
    }

    private static void require(String where, String field, Object found, String expected) throws IOException {
        if (!expected.equals(found)) {
            throw refused(
                    where, field + " is " + MessageText.name(found) + "; expected " + MessageText.name(expected), null);
        }
    }

    static Map<?, ?> object(String where, String name, Object value) throws IOException {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw refused(where, name + " is missing or no object", null);
    }

    static String text(String where, String name, Object value) throws IOException {
        if (value instanceof String text) {
            return text;
        }
        throw refused(where, name + " is missing or no text", null);
    }

    static UnverifiedModelException refused(String where, String what, Throwable cause) {
        String message = where + ": the signature is refused: " + what
                + ". The directory cannot be trusted: get it again from who signed it.";
        return cause == null ? new UnverifiedModelException(message) : new UnverifiedModelException(message, cause);
    }

    /** For messages. */
    @Override
    public String toString() {
        return "SignedStatement["
                + Problems.quoted(resources.stream().map(Resource::path).toList()) + "]";
    }
}
