/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Signatures judged by bundles of the specification, of the reference implementation and of cases made from it. */
class ModelSignatureTest {

    private static final Path FIXTURES = Path.of("src/test/resources/signing");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    static Stream<Path> cases() throws IOException {
        List<Path> all = new ArrayList<>();
        for (String kind : List.of("cases/positive", "cases/negative", "upstream")) {
            try (Stream<Path> folders = Files.list(FIXTURES.resolve(kind))) {
                folders.sorted().forEach(all::add);
            }
        }
        return all.stream().filter(of -> {
            try {
                // Certificates are another method, of which nothing is promised.
                return config(of).path("verify").has("public_key");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static JsonNode config(Path of) throws IOException {
        return JSON.readTree(of.resolve("config.json").toFile());
    }

    private Path copyOfModel(JsonNode config, Path of) throws IOException {
        String named = config.path("model").asText();
        Path from = named.equals("model") || named.startsWith("model/") ? of.resolve(named) : FIXTURES.resolve(named);
        Path to = folder.resolve(from.getFileName());
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
        JsonNode changes = config.path("model_modifications");
        for (JsonNode name : changes.path("delete")) {
            Files.delete(to.resolve(name.asText()));
        }
        for (String kind : List.of("tamper", "inject")) {
            changes.path(kind)
                    .properties()
                    .forEach(entry ->
                            write(to.resolve(entry.getKey()), entry.getValue().asText()));
        }
        for (var entry : changes.path("symlink").properties()) {
            Files.createSymbolicLink(
                    to.resolve(entry.getKey()), Path.of(entry.getValue().asText()));
        }
        return to;
    }

    private static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> verify(JsonNode config, Path of, Path model, Optional<Path> copy) throws IOException {
        String named = config.path("bundle").asText();
        Path bundle = named.equals("bundle.sig") ? of.resolve(named) : FIXTURES.resolve(named);
        JsonNode verify = config.path("verify");
        List<String> ignored = new ArrayList<>();
        verify.path("ignore_paths").forEach(path -> ignored.add(path.asText()));
        PublicKey key = SigningKeys.readPublic(
                FIXTURES.resolve(verify.path("public_key").asText()));
        return ModelSignature.verified(
                model,
                bundle,
                List.of(key),
                new SignatureOptions(
                        ignored, verify.path("ignore_unsigned_files").asBoolean(false)),
                copy);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void bundle_isJudgedAsExpected(Path of) throws IOException {
        JsonNode config = config(of);
        Path model = copyOfModel(config, of);

        if (config.path("expect").asText().equals("pass")) {
            Path copy = Files.createDirectory(folder.resolve("copy"));
            List<String> signed = verify(config, of, model, Optional.of(copy));

            for (JsonNode expected : config.path("expected_signed_files")) {
                assertThat(signed).contains(expected.asText());
            }
            for (String name : signed) {
                if (!name.equals(".")) {
                    Path original = Files.isDirectory(model) ? model.resolve(name) : model;
                    assertThat(copy.resolve(name)).hasSameBinaryContentAs(original);
                }
            }
        } else {
            assertThatThrownBy(() -> verify(config, of, model, Optional.empty()))
                    .isInstanceOf(UnverifiedModelException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "invalid/empty.bundle.json",
                "invalid/missing-envelope.bundle.json",
                "invalid/missing-verification-material.bundle.json",
                "invalid-payload/wrong-predicate.bundle.json"
            })
    void bundle_thatTheSpecificationCallsInvalid_isRefused(String name) throws IOException {
        PublicKey key = SigningKeys.readPublic(FIXTURES.resolve("keys/upstream-p384-pub.pem"));

        assertThatThrownBy(() -> ModelSignature.verify(
                        FIXTURES.resolve("models/simple"),
                        FIXTURES.resolve("spec-vectors").resolve(name),
                        List.of(key),
                        SignatureOptions.STRICT))
                .isInstanceOf(UnverifiedModelException.class);
    }

    @Test
    void bundleWithACertificate_isRefusedByName_withAWordOnWhy() throws Exception {
        Path of = FIXTURES.resolve("upstream/v1.1.0-certificate");

        assertThatThrownBy(() -> ModelSignature.verify(
                        of.resolve("model"),
                        of.resolve("bundle.sig"),
                        List.of(SigningKeys.readPublic(FIXTURES.resolve("keys/p256-pub.pem"))),
                        SignatureOptions.STRICT))
                .isInstanceOf(UnverifiedModelException.class)
                .hasMessageContaining("signed by a certificate (x509CertificateChain)")
                .hasMessageContaining("transparency log")
                .hasMessageContaining("expected a signature by a key");
    }

    @Test
    void bundle_thatTheSpecificationCallsValid_isTaken() throws IOException {
        PublicKey key = SigningKeys.readPublic(FIXTURES.resolve("keys/upstream-p384-pub.pem"));

        List<String> signed = ModelSignature.verify(
                FIXTURES.resolve("models/simple"),
                FIXTURES.resolve("spec-vectors/valid/key.bundle.json"),
                List.of(key),
                new SignatureOptions(List.of("ignore-me"), false));

        assertThat(signed).containsExactly("signme-1", "signme-2");
    }

    private static KeyPair keys(String curve) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(curve));
        return generator.generateKeyPair();
    }

    private Path directory() throws IOException {
        Path directory = Files.createDirectories(folder.resolve("model/sub/deep"))
                .getParent()
                .getParent();
        Files.writeString(directory.resolve("adapter_config.json"), "{}");
        Files.writeString(directory.resolve("sub/a.bin"), "a");
        Files.writeString(directory.resolve("sub/deep/\u00e4.bin"), "");
        Files.writeString(directory.resolve("sub-b.bin"), "b");
        return directory;
    }

    @ParameterizedTest
    @ValueSource(strings = {"secp256r1", "secp384r1", "secp521r1"})
    void signature_byAKeyOfTheJdk_isVerified_andLeavesItsOwnFileOut(String curve) throws Exception {
        Path directory = directory();
        KeyPair keys = keys(curve);

        Path bundle = ModelSignature.sign(directory, keys);
        ModelSignature.sign(directory, keys);

        assertThat(bundle).isEqualTo(directory.resolve(ModelSignature.FILE));
        ModelSignature.verify(directory, List.of(keys("secp256r1").getPublic(), keys.getPublic()));
        JsonNode written = JSON.readTree(bundle.toFile());
        assertThat(written.at("/mediaType").asText()).isEqualTo("application/vnd.dev.sigstore.bundle.v0.3+json");
        JsonNode statement = JSON.readTree(
                Base64.getDecoder().decode(written.at("/dsseEnvelope/payload").asText()));
        List<String> names = new ArrayList<>();
        statement
                .at("/predicate/resources")
                .forEach(resource -> names.add(resource.path("name").asText()));
        assertThat(names)
                .as("by code points: '-' is before '/'")
                .containsExactly("adapter_config.json", "sub-b.bin", "sub/a.bin", "sub/deep/\u00e4.bin");
    }

    @Test
    void directory_thatChangedAfterSigning_isRefusedByName() throws Exception {
        Path directory = directory();
        KeyPair keys = keys("secp256r1");
        ModelSignature.sign(directory, keys);
        List<PublicKey> trusted = List.of(keys.getPublic());

        Files.writeString(directory.resolve("sub/a.bin"), "b");
        assertThatThrownBy(() -> ModelSignature.verify(directory, trusted))
                .hasMessageContaining("\"sub/a.bin\" was changed");
        Files.writeString(directory.resolve("sub/a.bin"), "aa");
        assertThatThrownBy(() -> ModelSignature.verify(directory, trusted))
                .hasMessageContaining("\"sub/a.bin\" was changed");
        Files.writeString(directory.resolve("sub/a.bin"), "a");
        ModelSignature.verify(directory, trusted);
        Files.writeString(directory.resolve("sub/new.bin"), "");
        assertThatThrownBy(() -> ModelSignature.verify(directory, trusted))
                .hasMessageContaining("\"sub/new.bin\", which is not signed");
        Files.delete(directory.resolve("sub/new.bin"));
        Files.delete(directory.resolve("sub-b.bin"));
        assertThatThrownBy(() -> ModelSignature.verify(directory, trusted))
                .hasMessageContaining("\"sub-b.bin\", which is not there");
        Files.delete(directory.resolve(ModelSignature.FILE));
        assertThatThrownBy(() -> ModelSignature.verify(directory, trusted)).hasMessageContaining("it is not signed");
    }

    @Test
    void signature_byAnotherKey_isRefused() throws Exception {
        Path directory = directory();
        ModelSignature.sign(directory, keys("secp256r1"));

        assertThatThrownBy(() -> ModelSignature.verify(
                        directory, List.of(keys("secp256r1").getPublic())))
                .hasMessageContaining("by none of the 1 trusted keys");
        assertThatThrownBy(() -> ModelSignature.verify(directory, List.of()))
                .hasMessageContaining("by none of the 0 trusted keys");
    }

    @Test
    void keys_thatAreNoPair_orOfAnotherKind_signNothing() throws Exception {
        Path directory = directory();
        KeyPair mixed =
                new KeyPair(keys("secp256r1").getPublic(), keys("secp256r1").getPrivate());
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(2048);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelSignature.sign(directory, mixed))
                .withMessageContaining("expected a pair");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelSignature.sign(directory, rsa.generateKeyPair()))
                .withMessageContaining("P-256, P-384 or P-521");
        assertThat(directory.resolve(ModelSignature.FILE)).doesNotExist();
    }

    @Test
    void hint_isTheHashOfTheKeyInPem() throws Exception {
        PublicKey key = SigningKeys.readPublic(FIXTURES.resolve("keys/p256-pub.pem"));

        // From the bundle simple-p256, which the reference implementation verifies.
        assertThat(SigningKeys.hint(key)).isEqualTo("902f81c36bc02e75bc7233de8915bec081052d6b862e07effa69d9505d105765");
    }

    @Test
    void link_isNeitherSignedNorFollowed() throws Exception {
        Path directory = directory();
        Files.createSymbolicLink(directory.resolve("link"), Path.of("/etc/hostname"));

        assertThatThrownBy(() -> ModelSignature.sign(directory, keys("secp256r1")))
                .isInstanceOf(UnverifiedModelException.class)
                .hasMessageContaining("\"link\" is a link");
    }
}
