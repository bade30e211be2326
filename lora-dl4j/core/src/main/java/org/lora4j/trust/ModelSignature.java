/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * Signatures of model directories in the format of OpenSSF Model Signing 1.0, by keys of the Java platform: a bundle of Sigstore
 * with a statement of in-toto about the hash of every file.
 *
 * <p>A signature says that whoever has the private key signed these bytes, all of them and no others. It does not say that the
 * model is good. Only keys that the caller names count, never one that the bundle brings.
 *
 * @apiNote Status: experimental
 */
public final class ModelSignature {

    /** The name of the bundle in a directory. */
    public static final String FILE = "model.sig";

    private static final String MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
    private static final String PAYLOAD_TYPE = "application/vnd.in-toto+json";
    private static final List<String> GIT = List.of(".git", ".gitattributes", ".github", ".gitignore");

    /** What a save uses while it writes, and leaves behind. */
    private static final String LOCK = ".lora4j-lock";

    private static final int MOST_BYTES = 64 << 20;
    private static final int BUFFER = 1 << 16;

    /** The order of code points, which for UTF-16 is that of the bytes of UTF-8. */
    private static final Comparator<String> BY_CODE_POINTS = (one, other) ->
            Arrays.compareUnsigned(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));

    private ModelSignature() {}

    /**
     * Signs all files of a directory, and writes {@value #FILE} into it, which is left out of itself. To be called last.
     *
     * @param directory the directory of a model or an adapter, without links
     * @param keys a pair of keys on P-256, P-384 or P-521
     * @return the bundle
     * @throws IllegalArgumentException if the keys are of another kind
     * @throws IOException if the directory has links, is empty, cannot be read, or the bundle cannot be written
     */
    public static Path sign(Path directory, KeyPair keys) throws IOException {
        Arguments.required(directory, "ModelSignature.sign: directory", "a directory");
        Arguments.required(keys, "ModelSignature.sign: keys", "a pair of keys, on P-256, P-384 or P-521");
        String algorithm = SigningKeys.algorithm(keys.getPublic());
        Path bundle = directory.resolve(FILE);
        List<String> ignored = new ArrayList<>(GIT);
        ignored.add(LOCK);
        ignored.add(FILE);
        String where = MessageText.path(directory);
        Map<String, String> digests = new TreeMap<>(BY_CODE_POINTS);
        for (Map.Entry<String, Path> file :
                files(where, directory, ignored, false).entrySet()) {
            digests.put(file.getKey(), copied(file.getValue(), 0, -1, OutputStream.nullOutputStream()));
        }
        if (digests.isEmpty()) {
            throw new UnverifiedModelException(where + ": there are no files to sign; expected a model or an adapter.");
        }
        byte[] payload = SignedStatement.of(
                        directory.toAbsolutePath().normalize().getFileName().toString(), digests, ignored)
                .getBytes(StandardCharsets.UTF_8);
        WholeFile.write(bundle, bundle(payload, signature(algorithm, keys, encoded(PAYLOAD_TYPE, payload)), keys));
        return bundle;
    }

    private static byte[] signature(String algorithm, KeyPair keys, byte[] signed) {
        byte[] signature;
        try {
            Signature signer = Signature.getInstance(algorithm);
            signer.initSign(keys.getPrivate());
            signer.update(signed);
            signature = signer.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "ModelSignature.sign: the private key cannot sign: " + e.getMessage()
                            + "; expected one on the curve of the public key.",
                    e);
        }
        if (!SigningKeys.verifies(keys.getPublic(), signed, signature)) {
            throw new IllegalArgumentException(
                    "ModelSignature.sign: the public key is not that of the private one; expected a pair.");
        }
        return signature;
    }

    private static String bundle(byte[] payload, byte[] signature, KeyPair keys) {
        Base64.Encoder base64 = Base64.getEncoder();
        return JsonObjects.write(SignedStatement.ordered(
                "mediaType", MEDIA_TYPE,
                "verificationMaterial",
                        SignedStatement.ordered(
                                "publicKey",
                                Map.of("hint", SigningKeys.hint(keys.getPublic())),
                                "tlogEntries",
                                List.of()),
                "dsseEnvelope",
                        SignedStatement.ordered(
                                "payload", base64.encodeToString(payload),
                                "payloadType", PAYLOAD_TYPE,
                                "signatures",
                                        List.of(SignedStatement.ordered(
                                                "sig", base64.encodeToString(signature), "keyid", "")))));
    }

    /** What is signed of a payload: its type and its bytes, each with its length. */
    private static byte[] encoded(String type, byte[] payload) {
        byte[] typed = type.getBytes(StandardCharsets.UTF_8);
        byte[] head =
                ("DSSEv1 " + typed.length + " " + type + " " + payload.length + " ").getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(head, head.length + payload.length);
        System.arraycopy(payload, 0, all, head.length, payload.length);
        return all;
    }

    /**
     * Verifies a directory with its {@value #FILE}.
     *
     * @param directory the directory
     * @param trusted the keys that count
     * @throws UnverifiedModelException if anything is not as a trusted key signed it; the message says what
     * @throws IOException if a file cannot be read
     */
    public static void verify(Path directory, Collection<PublicKey> trusted) throws IOException {
        Arguments.required(directory, "ModelSignature.verify: directory", "a directory");
        verify(directory, directory.resolve(FILE), trusted, SignatureOptions.STRICT);
    }

    /**
     * Verifies a model with a bundle that may lie elsewhere.
     *
     * @param model a directory, or a single file
     * @param bundle the bundle
     * @param trusted the keys that count
     * @param options what is passed over
     * @return the names of the files that are signed, in the order of the bundle
     * @throws UnverifiedModelException if anything is not as a trusted key signed it; the message says what
     * @throws IOException if a file cannot be read
     */
    public static List<String> verify(Path model, Path bundle, Collection<PublicKey> trusted, SignatureOptions options)
            throws IOException {
        return verified(model, bundle, trusted, options, Optional.empty());
    }

    /** Verifies, and puts the bytes that were verified below a folder, if there is one: these, and no others. */
    static List<String> verified(
            Path model, Path bundle, Collection<PublicKey> trusted, SignatureOptions options, Optional<Path> copy)
            throws IOException {
        Arguments.required(model, "ModelSignature.verify: model", "a directory or a file");
        Arguments.required(bundle, "ModelSignature.verify: bundle", "a file that sign wrote");
        Arguments.allRequired(List.copyOf(trusted), "ModelSignature.verify: trusted", "a public key");
        Arguments.required(options, "ModelSignature.verify: options", "what is passed over");
        String where = MessageText.path(bundle);
        if (!Files.exists(bundle)) {
            throw new UnverifiedModelException(MessageText.path(model) + ": it is not signed, as there is no "
                    + MessageText.name(bundle.getFileName())
                    + "; expected a signature by a trusted key. Sign it, or trust no key.");
        }
        SignedStatement statement = statement(where, bundle, trusted);
        boolean single = Files.isRegularFile(model, LinkOption.NOFOLLOW_LINKS);
        Map<String, Path> files;
        if (single) {
            files = new LinkedHashMap<>();
            String name = statement.resources().get(0).path();
            if (!name.equals(".") && !name.equals(String.valueOf(model.getFileName()))) {
                throw SignedStatement.refused(
                        where,
                        "it is of " + MessageText.name(name) + ", not of " + MessageText.name(model.getFileName()),
                        null);
            }
            files.put(name, model);
        } else {
            List<String> ignored = new ArrayList<>(GIT);
            ignored.addAll(statement.ignored());
            ignored.addAll(options.ignoredPaths());
            Path inside = model.toAbsolutePath().normalize();
            Path of = bundle.toAbsolutePath().normalize();
            if (of.startsWith(inside)) {
                ignored.add(slashed(inside.relativize(of)));
            }
            files = files(where, model, ignored, statement.allowsLinks());
        }
        requireAll(where, statement, files, options);
        compare(where, statement, files, copy);
        return List.copyOf(new LinkedHashSet<>(statement.resources().stream()
                .map(SignedStatement.Resource::path)
                .toList()));
    }

    private static SignedStatement statement(String where, Path bundle, Collection<PublicKey> trusted)
            throws IOException {
        Map<String, Object> fields;
        byte[] bytes = RegularFile.bytes(bundle, "a signature", MOST_BYTES, UnverifiedModelException::new);
        try {
            fields = JsonObjects.read(where, bytes);
        } catch (IOException e) {
            throw SignedStatement.refused(where, "it is no object of JSON", e);
        }
        if (!MEDIA_TYPE.equals(fields.get("mediaType"))) {
            throw SignedStatement.refused(
                    where,
                    "mediaType is " + MessageText.name(fields.get("mediaType")) + "; expected "
                            + MessageText.name(MEDIA_TYPE),
                    null);
        }
        Map<?, ?> material = SignedStatement.object(where, "verificationMaterial", fields.get("verificationMaterial"));
        for (String certificate : List.of("certificate", "x509CertificateChain")) {
            if (material.containsKey(certificate)) {
                throw SignedStatement.refused(
                        where,
                        "it is signed by a certificate (" + certificate
                                + "), which is not verified here, as that would take"
                                + " somebody's roots and a transparency log; expected a signature by a key",
                        null);
            }
        }
        SignedStatement.object(where, "publicKey, by which it is verified,", material.get("publicKey"));
        Map<?, ?> envelope = SignedStatement.object(where, "dsseEnvelope", fields.get("dsseEnvelope"));
        String type = SignedStatement.text(where, "payloadType", envelope.get("payloadType"));
        if (!type.equals(PAYLOAD_TYPE)) {
            throw SignedStatement.refused(
                    where, "payloadType is " + MessageText.name(type) + "; expected " + PAYLOAD_TYPE, null);
        }
        if (!(envelope.get("signatures") instanceof List<?> signatures) || signatures.size() != 1) {
            throw SignedStatement.refused(where, "it has no single signature", null);
        }
        byte[] payload = decoded(where, "payload", envelope.get("payload"));
        byte[] signature = decoded(
                where,
                "sig",
                SignedStatement.object(where, "a signature", signatures.get(0)).get("sig"));
        byte[] signed = encoded(type, payload);
        if (trusted.isEmpty() || trusted.stream().noneMatch(key -> SigningKeys.verifies(key, signed, signature))) {
            throw SignedStatement.refused(where, "it is by none of the " + trusted.size() + " trusted keys", null);
        }
        return SignedStatement.read(where, payload);
    }

    private static byte[] decoded(String where, String name, Object value) throws IOException {
        try {
            return Base64.getDecoder().decode(SignedStatement.text(where, name, value));
        } catch (IllegalArgumentException e) {
            throw SignedStatement.refused(where, name + " is no base64", e);
        }
    }

    /** The files of a directory by their names in a signature. */
    private static Map<String, Path> files(String where, Path directory, List<String> ignored, boolean links)
            throws IOException {
        Map<String, Path> files = new TreeMap<>(BY_CODE_POINTS);
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return !folder.equals(directory) && isIgnored(slashed(directory.relativize(folder)), ignored)
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String name = slashed(directory.relativize(file));
                if (isIgnored(name, ignored)) {
                    return FileVisitResult.CONTINUE;
                }
                boolean linked = attributes.isSymbolicLink() && links && Files.isRegularFile(file);
                if (!attributes.isRegularFile() && !linked) {
                    throw SignedStatement.refused(
                            where,
                            MessageText.name(name)
                                    + (attributes.isSymbolicLink() ? " is a link" : " is no regular file"),
                            null);
                }
                files.put(name, file);
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }

    private static boolean isIgnored(String name, List<String> ignored) {
        return ignored.stream().anyMatch(path -> name.equals(path) || name.startsWith(path + "/"));
    }

    private static String slashed(Path relative) {
        List<String> names = new ArrayList<>();
        relative.forEach(name -> names.add(name.toString()));
        return String.join("/", names);
    }

    private static void requireAll(
            String where, SignedStatement statement, Map<String, Path> files, SignatureOptions options)
            throws IOException {
        Set<String> signed = new LinkedHashSet<>();
        statement.resources().forEach(resource -> signed.add(resource.path()));
        Set<String> missing = new LinkedHashSet<>(signed);
        missing.removeAll(files.keySet());
        if (!missing.isEmpty()) {
            throw SignedStatement.refused(where, "it names " + Problems.quoted(missing) + ", which is not there", null);
        }
        Set<String> added = new LinkedHashSet<>(files.keySet());
        added.removeAll(signed);
        if (statement.sharded()) {
            // Of an empty file there is no range, so that signers leave it out.
            for (String name : List.copyOf(added)) {
                if (Files.size(files.get(name)) == 0) {
                    added.remove(name);
                }
            }
        }
        if (!added.isEmpty() && !options.ignoreUnsignedFiles()) {
            throw SignedStatement.refused(
                    where, "the directory has " + Problems.quoted(added) + ", which is not signed", null);
        }
    }

    private static void compare(String where, SignedStatement statement, Map<String, Path> files, Optional<Path> copy)
            throws IOException {
        Map<String, List<SignedStatement.Resource>> byFile = new LinkedHashMap<>();
        for (SignedStatement.Resource resource : statement.resources()) {
            byFile.computeIfAbsent(resource.path(), path -> new ArrayList<>()).add(resource);
        }
        for (Map.Entry<String, List<SignedStatement.Resource>> entry : byFile.entrySet()) {
            Path file = files.get(entry.getKey());
            List<SignedStatement.Resource> ranges = new ArrayList<>(entry.getValue());
            ranges.sort(Comparator.comparingLong(SignedStatement.Resource::from));
            OutputStream to = OutputStream.nullOutputStream();
            if (copy.isPresent()) {
                // A model of one file may be called so.
                String name = entry.getKey().equals(".") ? file.getFileName().toString() : entry.getKey();
                Path target = copy.get().resolve(name);
                Files.createDirectories(target.getParent());
                to = WholeFile.create(target);
            }
            try (OutputStream out = to) {
                compare(where, file, ranges, out);
            }
        }
    }

    /** All bytes of a file, in one pass: its ranges follow each other and end where it ends. */
    private static void compare(String where, Path file, List<SignedStatement.Resource> ranges, OutputStream out)
            throws IOException {
        String name = MessageText.name(ranges.get(0).path());
        long at = 0;
        for (SignedStatement.Resource range : ranges) {
            if (range.from() != at) {
                throw SignedStatement.refused(where, "the ranges of " + name + " do not cover all of it", null);
            }
            at = range.to();
        }
        try (InputStream in = RegularFile.open(file, "a signed file")) {
            for (SignedStatement.Resource range : ranges) {
                String found = copied(in, range.to() < 0 ? Long.MAX_VALUE : range.to() - range.from(), out);
                if (!found.equals(range.digest())) {
                    throw SignedStatement.refused(
                            where,
                            name + " was changed: its hash is " + found + ", signed was " + range.digest(),
                            null);
                }
            }
            if (in.read() >= 0) {
                throw SignedStatement.refused(where, name + " was changed: it is longer than what was signed", null);
            }
        }
    }

    private static String copied(Path file, long from, long to, OutputStream out) throws IOException {
        try (InputStream in = RegularFile.open(file, "a file to sign")) {
            in.skipNBytes(from);
            return copied(in, to < 0 ? Long.MAX_VALUE : to - from, out);
        }
    }

    private static String copied(InputStream in, long most, OutputStream out) throws IOException {
        MessageDigest digest = Sha256.begin();
        byte[] buffer = new byte[BUFFER];
        long left = most;
        int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
        while (read > 0) {
            digest.update(buffer, 0, read);
            out.write(buffer, 0, read);
            left -= read;
            read = left == 0 ? -1 : in.read(buffer, 0, (int) Math.min(buffer.length, left));
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
