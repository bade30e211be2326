/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.error.CapturedLog;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.UnsupportedAdapterVersionException;

/** Receipts as values and as files, and what is compared with them. */
class ReceiptTest {

    private static final String ONE = "1".repeat(64);
    private static final String TWO = "2".repeat(64);

    @TempDir
    private Path folder;

    private static Receipt receipt(Map<String, String> hashes, Map<String, Object> run) {
        return new Receipt(
                "TextClassifier",
                hashes,
                Map.of(
                        "train",
                        new DataHashes.Gathering()
                                .text("a")
                                .end()
                                .text("b")
                                .end()
                                .hashes()),
                Map.of("r", 8, "lora_alpha", 16.0, "target_modules", List.of("query", "value")),
                Map.of("epochs", "3"),
                42,
                Map.of("steps", 12L, "after", 0.25, "start_kept", false),
                List.of("every module that learned has changed"),
                Map.of("lora4j", "unknown"),
                Map.of("java", "a"),
                run);
    }

    private static final Receipt RECEIPT =
            receipt(Map.of("trained", ONE, "base", TWO, "tokenizer", ONE), Map.of("directory", "/a"));

    private Path written(String text) throws IOException {
        return Files.writeString(folder.resolve(Receipt.FILE), text);
    }

    @Test
    void receipt_isReadAsItWasWritten() throws IOException {
        Receipt read = Receipt.read(written(RECEIPT.json()));

        assertThat(read).isEqualTo(RECEIPT);
        assertThat(read.contentHash()).isEqualTo(RECEIPT.contentHash());
        assertThat(read.hash(Receipt.BASE)).contains(TWO);
        assertThat(read.hash(Receipt.CHAT_TEMPLATE)).isEmpty();
    }

    @Test
    void run_isInNoHash_andEverythingElseIs() {
        assertThat(RECEIPT.withRun(Map.of("directory", "/b")).contentHash()).isEqualTo(RECEIPT.contentHash());
        assertThat(RECEIPT.withCheck("another").contentHash()).isNotEqualTo(RECEIPT.contentHash());
        assertThat(receipt(Map.of("trained", TWO), Map.of()).contentHash())
                .isNotEqualTo(receipt(Map.of("trained", ONE), Map.of()).contentHash());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"seed\" : 42|\"seed\" : 43|the hash of its content is",
                "\"seed\" : 42|\"seed\" : 4.5|seed is 4.5",
                "\"seed\" : 42|\"sead\" : 42|the fields",
                "\"steps\" : 12|\"steps\" : 1e400|finite",
                "\"trained\" : \"1|\"trained\" : \"G|expected a hash",
                "\"trained\" : |\"drained\" : |expected some of",
                "\"examples\" : 2|\"examples\" : -2|examples = -2",
                "\"checks\" : [|\"checks\" : [ 7,|has 7, expected a text",
                "\"checks\" : [|\"checks\" : 7, \"x\" : [|the fields",
            })
    void receiptThatWasChanged_isRefused(String from, String to, String problem) throws IOException {
        String text = RECEIPT.json();
        assertThat(text).contains(from);
        Path file = written(text.replace(from, to));

        assertThatThrownBy(() -> Receipt.read(file))
                .isInstanceOf(CorruptAdapterException.class)
                .hasMessageContaining(Receipt.FILE)
                .hasMessageContaining(problem);
    }

    @Test
    void fileOfALaterVersion_tooLong_orNoJson_isRefused() throws IOException {
        Path later = written(RECEIPT.json().replace("\"version\" : 1", "\"version\" : 2"));
        assertThatThrownBy(() -> Receipt.read(later)).isInstanceOf(UnsupportedAdapterVersionException.class);
        Path longer = written(" ".repeat(Receipt.MOST_BYTES) + RECEIPT.json());
        assertThatThrownBy(() -> Receipt.read(longer)).isInstanceOf(CorruptAdapterException.class);
        Path none = written("[]");
        assertThatThrownBy(() -> Receipt.read(none)).isInstanceOf(CorruptAdapterException.class);
    }

    @Test
    void hashesOfExamples_tellOrderFromContent() {
        DataHashes ab =
                new DataHashes.Gathering().text("a").end().text("b").end().hashes();
        DataHashes ba =
                new DataHashes.Gathering().text("b").end().text("a").end().hashes();
        DataHashes joined =
                new DataHashes.Gathering().text("ab").end().text("").end().hashes();

        assertThat(ba.anyOrder()).isEqualTo(ab.anyOrder());
        assertThat(ba.inOrder()).isNotEqualTo(ab.inOrder());
        assertThat(joined.anyOrder()).isNotEqualTo(ab.anyOrder());
        assertThat(ab.examples()).isEqualTo(2);
    }

    @Test
    void receiptWithoutWhatWasTrained_isNone() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> receipt(Map.of("base", ONE), Map.of()))
                .withMessageContaining("no trained");
    }

    @Test
    void anotherBase_isRefusedWithBothHashes_unlessItIsAllowed() throws IOException {
        Map<String, String> here = Map.of("base", ONE, "tokenizer", ONE);

        assertThatThrownBy(() -> TrustPolicy.usual().compare("adapter", RECEIPT, here))
                .isInstanceOf(IncompatibleBaseException.class)
                .hasMessageContaining("the base has the hash " + ONE + ", and it was trained with " + TWO);
        List<String> allowed = new ArrayList<>();
        String log = CapturedLog.of(
                TrustPolicy.class,
                () -> assertThatCode(() -> allowed.addAll(
                                TrustPolicy.usual().allowOtherBase().compare("adapter", RECEIPT, here)))
                        .doesNotThrowAnyException());
        assertThat(allowed).containsExactly("the base has the hash " + ONE + ", and it was trained with " + TWO);
        assertThat(log)
                .contains("WARN", "adapter: " + allowed.get(0) + "; it is taken all the same, as that was allowed");
        assertThat(TrustPolicy.usual().compare("adapter", RECEIPT, Map.of("base", TWO, "tokenizer", ONE)))
                .isEmpty();
        assertThatThrownBy(() -> TrustPolicy.usual()
                        .compare("adapter", RECEIPT, Map.of("base", TWO, "tokenizer", ONE, "chat_template", ONE)))
                .hasMessageContaining("the chat template has the hash " + ONE + ", and it was trained with none");
    }
}
