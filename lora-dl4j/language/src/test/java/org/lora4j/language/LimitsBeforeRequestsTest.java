/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.error.ModelFormatException;

/** What a file or a caller asks for is held against limits before anything is made for it. */
@Timeout(60)
class LimitsBeforeRequestsTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "num_return_sequences; 1000000000",
                "num_return_sequences; 10001",
                "num_return_sequences; 1e9",
                "num_return_sequences; 0",
                "num_return_sequences; 18446744073709551617",
                "max_new_tokens; -5",
                "max_length; 0",
                "temperature; 1e300",
                "top_k; -1",
                "eos_token_id; [2, null]",
                "stop_strings; [\"a\", null]",
                "no_repeat_ngram_size; -1"
            })
    void numbersOfAFile_areBoundedWhereTheyAreRead(String field, String value) throws IOException {
        Files.writeString(
                folder.resolve("generation_config.json"), "{\"do_sample\": true, \"" + field + "\": " + value + "}");

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> GenerationConfig.read(folder))
                .withMessageStartingWith(folder.toString())
                .withMessageContaining(field + " = ");
    }

    @Test
    void textsThatNobodyTakes_areRefusedBeforeTheyAreMade() throws IOException {
        SmallCausalLm.write(folder, null);
        try (CausalLm model = CausalLm.load(folder);
                CausalLmServer server =
                        CausalLmServer.builder(model).maxSequences(2).queue(2).build()) {
            GenerationConfig many = GenerationConfig.builder()
                    .doSample(true)
                    .numReturnSequences(10_000)
                    .maxNewTokens(4)
                    .build();
            server.submit(null, new int[] {1, 5}, GenerationConfig.greedy(3), token -> true)
                    .result();
            com.sun.management.ThreadMXBean threads =
                    (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());

            assertThatExceptionOfType(IllegalArgumentException.class)
                    .isThrownBy(() -> server.submit(null, new int[] {1, 5}, many, token -> true))
                    .withMessageContaining("numReturnSequences = 10000, expected at most 4");

            assertThat(threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before)
                    .isLessThan(1 << 20);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void durationsOfAnyLength_areTaken() throws Exception {
        SmallCausalLm.write(folder, null);
        Duration longest = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);
        try (CausalLm model = CausalLm.load(folder);
                CausalLmServer server = CausalLmServer.builder(model).build()) {
            LmRequest request = server.submit(null, new int[] {1, 5}, GenerationConfig.greedy(3), token -> true)
                    .cancelAfter(longest);
            assertThat(request.result(longest).finishReason()).isNotEqualTo(FinishReason.CANCELLED);
            CountDownLatch told = new CountDownLatch(1);
            LmRequest cancelled = server.submit(null, new int[] {1, 5}, GenerationConfig.greedy(40), token -> {
                        // Forty tokens of a small model may be there before the next call.
                        await(told);
                        return true;
                    })
                    .cancelAfter(Duration.ofSeconds(Long.MIN_VALUE));
            told.countDown();
            assertThat(cancelled.result(Duration.ofMinutes(1)).finishReason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(server.drain(longest)).isTrue();
        }
    }

    @Test
    void conversionThatIsInterrupted_saysSo() throws IOException {
        Path checkpoint = Files.write(folder.resolve("stories.bin"), TinyLlama2c.checkpoint(true));
        Path tokenizer = Files.write(folder.resolve("tok.bin"), TinyLlama2c.tokenizer());
        Path directory = folder.resolve("out");
        Thread.currentThread().interrupt();
        try {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> Llama2cCheckpoint.convert(checkpoint, tokenizer, directory))
                    .withMessageContaining("the thread was interrupted")
                    .withMessageContaining(checkpoint.toString());
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(directory).doesNotExist();
        Llama2cCheckpoint.convert(checkpoint, tokenizer, directory);
        assertThat(List.of(directory.toFile().list())).contains("model.safetensors");
    }
}
