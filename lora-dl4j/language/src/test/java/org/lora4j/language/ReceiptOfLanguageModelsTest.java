/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.format.DType;
import org.lora4j.serve.ServedStatus;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;
import org.lora4j.trust.UnverifiedModelException;

/** What a training of a language model leaves beside its files, and what a load makes of it. */
class ReceiptOfLanguageModelsTest {

    private static final String CHAT = "{%- for m in messages -%}[{{ m.role }}] {{ m.content }}</s>\n{% endfor -%}"
            + "{%- if add_generation_prompt -%}[assistant]{%- endif -%}";
    private static final List<LmExample> TEXTS = List.of(
            LmExample.text("Tim had a red ball."),
            LmExample.text("Lily had a red ball."),
            LmExample.completion("Who ran?", " Tim ran."));

    @TempDir
    private Path folder;

    private Path base;

    @BeforeEach
    void writeBase() throws IOException {
        base = SmallCausalLm.write(Files.createDirectory(folder.resolve("base")), CHAT);
    }

    private static CausalLmTrainer.Builder trainer(CausalLm model) {
        return CausalLmTrainer.builder(model).epochs(2).validationFraction(0).quiet();
    }

    private Path trained(String name) throws IOException {
        Path directory = folder.resolve(name);
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).build().fit(TEXTS);
            model.save(directory);
        }
        return directory;
    }

    private Path copyOfBase(String name) throws IOException {
        Path copy = Files.createDirectory(folder.resolve(name));
        try (Stream<Path> files = Files.list(base)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    @Test
    void twoRuns_haveTheSameReceipt_butForTheRun() throws IOException {
        Receipt one = Receipt.read(trained("one").resolve(Receipt.FILE));
        Receipt other = Receipt.read(trained("other").resolve(Receipt.FILE));

        assertThat(other.contentHash()).isEqualTo(one.contentHash());
        assertThat(other.run()).isNotEqualTo(one.run());
        assertThat(one.hashes()).containsOnlyKeys("trained", "base", "tokenizer", "chat_template");
        assertThat(one.config()).containsEntry("r", 8L);
        assertThat(one.checks())
                .containsExactly(
                        "every module that learned has changed", "what was saved answers a probe with the same bits");
        assertThat(one.envelope()).containsKeys("java", "products", "parts");
    }

    @Test
    void sameBase_inFewerBits_isTheSameBase() throws IOException {
        Path adapter = trained("adapter");

        try (CausalLm small = CausalLm.load(base, CausalLm.Storage.INT8);
                CausalLm loaded =
                        CausalLm.load(adapter, small, TrustPolicy.usual().strict())) {
            assertThat(loaded.receipt("default")).isPresent();
            assertThat(small.storedAs()).isNotEmpty().allMatch(form -> form.startsWith("INT8"));
        }
        try (CausalLm small = CausalLm.load(base, CausalLm.Storage.INT8);
                CausalLmServer server = CausalLmServer.builder(small)
                        .trust(TrustPolicy.usual().strict())
                        .build()) {
            server.register("a", adapter);
            ServedStatus status = server.status().get(0);
            assertThat(status.differences()).isEmpty();
            assertThat(status.storedAs()).isEqualTo(small.storedAs());
        }
    }

    @Test
    void value_isTakenByAStrictServerWithItsReceipt_alone() throws IOException {
        Path adapter = trained("adapter");
        Adapter withReceipt = Adapter.load(adapter);
        Adapter without = Adapter.of(withReceipt.config(), withReceipt.modules(), withReceipt.savedParameters());

        try (CausalLm model = CausalLm.load(base);
                CausalLmServer server = CausalLmServer.builder(model)
                        .trust(TrustPolicy.usual().strict())
                        .build()) {
            assertThatThrownBy(() -> server.register("a", without))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("it has no receipt");
            server.register("a", withReceipt);
            assertThat(server.status()).hasSize(1);
        }
    }

    @Test
    void otherTemplate_isRefusedWithBothHashes_unlessItIsAllowedByName() throws IOException {
        Path adapter = trained("adapter");
        Path other = copyOfBase("other");
        Files.writeString(other.resolve("chat_template.jinja"), CHAT.replace("[assistant]", "<assistant>"));

        try (CausalLm changed = CausalLm.load(other)) {
            assertThatThrownBy(() -> CausalLm.load(adapter, changed))
                    .isInstanceOf(IncompatibleBaseException.class)
                    .hasMessageContaining("the chat template has the hash "
                            + changed.chatTemplate().orElseThrow().hash()
                            + ", and it was trained with "
                            + Receipt.read(adapter.resolve(Receipt.FILE))
                                    .hash("chat_template")
                                    .orElseThrow())
                    .hasMessageContaining("allowOtherBase");
            CausalLm taken = CausalLm.load(adapter, changed, TrustPolicy.usual().allowOtherBase());
            assertThat(taken.model().adapterNames()).containsExactly("default");
        }
    }

    @Test
    void otherWeights_areRefused_unlessTheyAreAllowedByName() throws IOException {
        Path adapter = trained("adapter");
        Path other = folder.resolve("other");
        SmallCausalLm.write(Files.createDirectory(other), CHAT, 16, 24, DType.F16);

        try (CausalLm changed = CausalLm.load(other)) {
            assertThatThrownBy(() -> CausalLm.load(adapter, changed))
                    .isInstanceOf(IncompatibleBaseException.class)
                    .hasMessageContaining("the base has the hash");
            CausalLm taken = CausalLm.load(adapter, changed, TrustPolicy.usual().allowOtherBase());
            assertThat(taken.model().adapterNames()).containsExactly("default");
        }
    }

    @Test
    void directoryWithoutReceipt_isTaken_andRefusedIfThePolicyIsStrict() throws IOException {
        Path adapter = trained("adapter");
        Files.delete(adapter.resolve(Receipt.FILE));

        try (CausalLm model = CausalLm.load(base)) {
            assertThat(CausalLm.load(adapter, model).receipt("default")).isEmpty();
            assertThatThrownBy(() ->
                            CausalLm.load(adapter, model, TrustPolicy.usual().strict()))
                    .isInstanceOf(UnverifiedModelException.class)
                    .hasMessageContaining("there is no lora4j_receipt.json");
        }
    }

    @Test
    void allWeights_haveTheirReceipt_andAreCompared() throws IOException {
        Path all = folder.resolve("all");
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).fullFineTuning().build().fit(TEXTS);
            model.save(all);
        }
        assertThat(Receipt.read(all.resolve(Receipt.FILE)).checks())
                .contains("what was saved answers a probe with the same bits");
        CausalLm.load(all, CausalLm.Storage.AS_STORED, TrustPolicy.usual().strict())
                .close();
        CausalLm.load(all, CausalLm.Storage.INT8, TrustPolicy.usual().strict()).close();

        byte[] bytes = Files.readAllBytes(all.resolve("model.safetensors"));
        bytes[bytes.length - 2] ^= 1;
        Files.write(all.resolve("model.safetensors"), bytes);
        assertThatThrownBy(() -> CausalLm.load(all)).hasMessageContaining("it is of weights with the hash");
    }

    @Test
    void adapterOverTrainedWeights_belongsToThem() throws IOException {
        Path all = folder.resolve("all");
        try (CausalLm model = CausalLm.load(base)) {
            trainer(model).fullFineTuning().build().fit(TEXTS);
            trainer(model).build().fit(TEXTS);
            model.save(all);
        }

        try (CausalLm loaded = CausalLm.load(
                all, CausalLm.Storage.AS_STORED, TrustPolicy.usual().strict())) {
            assertThat(loaded.receipt("default")).isPresent();
        }
    }

    @Test
    void signedDirectory_isReadByATrustedKeyOnly_andAChangedOneIsNot() throws Exception {
        Path adapter = trained("adapter");
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair keys = generator.generateKeyPair();
        TrustPolicy policy = TrustPolicy.usual().trusting(keys.getPublic());

        try (CausalLm model = CausalLm.load(base)) {
            assertThatThrownBy(() -> CausalLm.load(adapter, model, policy)).hasMessageContaining("it is not signed");
            ModelSignature.sign(adapter, keys);
            assertThat(CausalLm.load(adapter, model, policy).receipt("default")).isPresent();
            assertThatThrownBy(() -> CausalLm.load(
                            adapter,
                            model,
                            TrustPolicy.usual()
                                    .trusting(generator.generateKeyPair().getPublic())))
                    .hasMessageContaining("by none of the 1 trusted keys");
            Files.writeString(adapter.resolve("more.txt"), "more");
            assertThatThrownBy(() -> CausalLm.load(adapter, model, policy))
                    .isInstanceOf(UnverifiedModelException.class)
                    .hasMessageContaining("\"more.txt\", which is not signed");
        }
    }
}
