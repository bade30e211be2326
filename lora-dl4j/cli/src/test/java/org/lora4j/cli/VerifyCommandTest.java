/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is there is what was trained, and who signed it. */
class VerifyCommandTest {

    @TempDir
    Path folder;

    private KeyPair keys(String curve, String name) throws GeneralSecurityException, IOException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(curve));
        KeyPair keys = generator.generateKeyPair();
        pem(name + "-private.pem", "PRIVATE KEY", keys.getPrivate().getEncoded());
        pem(name + "-public.pem", "PUBLIC KEY", keys.getPublic().getEncoded());
        return keys;
    }

    private void pem(String name, String kind, byte[] der) throws IOException {
        Files.writeString(
                folder.resolve(name),
                "-----BEGIN " + kind + "-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + kind
                        + "-----\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"secp256r1", "secp384r1", "secp521r1"})
    void aPrivateKey_bringsItsPublicOne(String curve) throws GeneralSecurityException, IOException {
        KeyPair keys = keys(curve, "my");
        KeyPair read = SigningKeyFile.read(folder.resolve("my-private.pem"));
        assertThat(read.getPublic()).isEqualTo(keys.getPublic());
        assertThat(read.getPrivate()).isEqualTo(keys.getPrivate());
    }

    @Test
    void aModel_isVerifiedSignedAndRefusedAfterAChange() throws Exception {
        KeptModel models = KeptModel.in(folder);
        models.train("model", "--epochs", "1", "--set", "validation-fraction=0");
        assertThat(models.call(ExitCode.OK, "verify", "IN/model", "--strict").out())
                .contains("verified", "signature: none", "base: the one that it was trained on", "tensors: ");
        keys("secp256r1", "my");
        keys("secp256r1", "their");
        assertThat(models.call(ExitCode.REFUSED, "verify", "IN/model", "--key", "IN/my-public.pem")
                        .err())
                .contains("model.sig");
        models.call(ExitCode.OK, "sign", "IN/model", "--key", "IN/my-private.pem");
        assertThat(models.call(
                                ExitCode.OK,
                                "verify",
                                "IN/model",
                                "--key",
                                "IN/their-public.pem",
                                "--key",
                                "IN/my-public.pem",
                                "--json")
                        .out())
                .contains("\"verified\" : true", "\"receipt\"", "every file");
        models.call(ExitCode.REFUSED, "verify", "IN/model", "--key", "IN/their-public.pem");
        assertThat(models.call(ExitCode.USAGE, "sign", "IN/model", "--key", "IN/my-private.pem")
                        .err())
                .contains("nothing is overwritten");
        models.call(ExitCode.OK, "sign", "IN/model", "--key", "IN/their-private.pem", "--force");
        models.call(ExitCode.OK, "verify", "IN/model", "--key", "IN/their-public.pem");
        Files.writeString(folder.resolve("model/more.txt"), "x");
        models.call(ExitCode.REFUSED, "verify", "IN/model", "--key", "IN/their-public.pem");
        Files.delete(folder.resolve("model/more.txt"));

        Path receipt = folder.resolve("model/lora4j_receipt.json");
        String written = Files.readString(receipt);
        Files.writeString(receipt, written.replaceFirst("\"seed\" : \\d+", "\"seed\" : 7"));
        assertThat(models.call(ExitCode.REFUSED, "verify", "IN/model").err()).contains("no sound receipt");
        Files.writeString(receipt, written);
        models.call(ExitCode.OK, "verify", "IN/model");

        // The last number of a tensor: sound by itself, but not what was trained.
        Path weights = folder.resolve("model/adapter_model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 4] ^= 1;
        Files.write(weights, bytes);
        assertThat(models.call(ExitCode.REFUSED, "verify", "IN/model").err()).contains("sha256");
    }

    @Test
    void anotherBase_isRefused() throws IOException {
        KeptModel models = KeptModel.in(folder);
        models.train("model", "--epochs", "1");
        Path weights = folder.resolve("encoder/model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 4] ^= 1;
        Files.write(weights, bytes);
        assertThat(models.call(ExitCode.REFUSED, "verify", "IN/model").err()).contains("sha256 of the encoder");
        Files.move(folder.resolve("encoder"), folder.resolve("away"));
        assertThat(models.call(ExitCode.INPUT, "verify", "IN/model").err()).contains("--base DIR");
    }

    @Test
    void withoutAReceipt_onlyStrictRefuses() throws IOException {
        KeptModel models = KeptModel.in(folder);
        models.train("model", "--epochs", "1");
        Files.delete(folder.resolve("model/lora4j_receipt.json"));
        assertThat(models.call(ExitCode.OK, "verify", "IN/model").out()).contains("receipt: none");
        assertThat(models.call(ExitCode.REFUSED, "verify", "IN/model", "--strict", "--json")
                        .out())
                .contains("\"error\"", "\"exit_code\" : 5");
        Path adapter = Path.of("../language/src/test/resources/language/models/llama-gqa/adapter-qv");
        assertThat(models.call(ExitCode.OK, "verify", adapter.toString()).out()).contains("tensors: ", "not looked at");
        models.call(ExitCode.INPUT, "verify", "IN/encoder");
    }

    @Test
    void aTraining_isRepeatedAndCompared() throws IOException {
        KeptModel models = KeptModel.in(folder);
        models.train("model", "--epochs", "1", "--set", "validation-fraction=0");
        assertThat(models.call(ExitCode.OK, "verify", "IN/model", "--replay").out())
                .contains("replay: the same in every bit");
        String other = Files.readString(folder.resolve("questions.csv")).replaceFirst(",card\n", ",rate\n");
        Files.writeString(folder.resolve("other.csv"), other);
        assertThat(models.call(ExitCode.REFUSED, "verify", "IN/model", "--replay", "--data", "IN/other.csv")
                        .err())
                .contains("trained again, is not the same: the examples of train are others");
        Files.move(folder.resolve("questions.csv"), folder.resolve("moved.csv"));
        assertThat(models.call(ExitCode.INPUT, "verify", "IN/model", "--replay").err())
                .contains("questions.csv", "no such file");
        models.call(ExitCode.OK, "verify", "IN/model", "--replay", "--data", "IN/moved.csv");
    }

    @Test
    void otherKeys_areToldWhatTheyAre() throws Exception {
        KeptModel models = KeptModel.in(folder);
        Files.createDirectories(folder.resolve("model"));
        pem("ec.pem", "EC PRIVATE KEY", new byte[] {1});
        pem("encrypted.pem", "ENCRYPTED PRIVATE KEY", new byte[] {1});
        pem("none.pem", "PRIVATE KEY", new byte[] {1});
        keys("secp256r1", "my");
        assertThat(models.call(ExitCode.INPUT, "sign", "IN/model", "--key", "IN/ec.pem")
                        .err())
                .contains("openssl pkcs8 -topk8");
        assertThat(models.call(ExitCode.INPUT, "sign", "IN/model", "--key", "IN/encrypted.pem")
                        .err())
                .contains("It is encrypted");
        assertThat(models.call(ExitCode.INPUT, "sign", "IN/model", "--key", "IN/none.pem")
                        .err())
                .contains("P-256, P-384 or P-521");
        assertThat(models.call(ExitCode.INPUT, "sign", "IN/model", "--key", "IN/my-public.pem")
                        .err())
                .contains("does not sign");
        assertThat(models.call(ExitCode.USAGE, "sign", "IN/model").err()).contains("--key is missing");
        assertThat(models.call(ExitCode.INPUT, "verify", "IN/model", "--key", "IN/my-private.pem")
                        .err())
                .contains("BEGIN PUBLIC KEY");
        Files.move(folder.resolve("my-private.pem"), folder.resolve("model/my.pem"));
        assertThat(models.call(ExitCode.USAGE, "sign", "IN/model", "--key", "IN/model/my.pem")
                        .err())
                .contains("would travel with it");
    }
}
