/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.error.ModelFormatException;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;

/** What both public tokenizers promise, since both are this one. */
class OpenTokenizerTest {

    private static final int THREADS = 8;

    private static final String JSON = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
             "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
             "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "to": 1, "be": 2, "##come": 3, "\uFFFD": 4}}}
            """;

    /** A tokenizer and how it encodes. */
    private record Opened(AutoCloseable tokenizer, Function<String, int[]> encode) {}

    private enum Public {
        ENCODERS {
            @Override
            Opened open(Path directory) throws IOException {
                HuggingFaceTextTokenizer tokenizer =
                        HuggingFaceTextTokenizer.load(directory.resolve("tokenizer.json"), 512);
                return new Opened(tokenizer, tokenizer::encode);
            }
        },
        LANGUAGE {
            @Override
            Opened open(Path directory) throws IOException {
                LanguageTokenizer tokenizer = LanguageTokenizer.load(directory);
                return new Opened(tokenizer, tokenizer::encode);
            }
        };

        abstract Opened open(Path directory) throws IOException;
    }

    @TempDir
    private Path directory;

    private Opened open(Public kind) throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), JSON);
        return kind.open(directory);
    }

    @ParameterizedTest
    @EnumSource
    void eightThreads_getTheSame_alsoWhileOneCloses(Public kind) throws Exception {
        Opened opened = open(kind);
        String text = "to become or to be ".repeat(20);
        int[] expected = opened.encode.apply(text);
        CountDownLatch middle = new CountDownLatch(THREADS * 50);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        List<Future<?>> running = new ArrayList<>();
        try {
            for (int i = 0; i < THREADS; i++) {
                running.add(threads.submit(() -> {
                    while (true) {
                        assertThat(opened.encode.apply(text)).isEqualTo(expected);
                        middle.countDown();
                    }
                }));
            }
            middle.await();
            opened.tokenizer.close();
            for (Future<?> each : running) {
                assertThatExceptionOfType(ExecutionException.class)
                        .isThrownBy(each::get)
                        .withCauseInstanceOf(IllegalStateException.class)
                        .withMessageContaining("is closed; expected an open one");
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest
    @EnumSource
    void halfACharacter_countsAsAReplacementCharacter(Public kind) throws Exception {
        Opened opened = open(kind);
        try (AutoCloseable tokenizer = opened.tokenizer) {
            assertThat(tokenizer).isNotNull();
            assertThat(opened.encode.apply("to \uD83D be")).containsExactly(1, 4, 2);
            assertThat(opened.encode.apply("\uDE00")).containsExactly(4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void null_isRefused_andSoIsAClosedTokenizer(Public kind) throws Exception {
        Opened opened = open(kind);
        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(() -> opened.encode.apply(null))
                .withMessageContaining("text is null; expected a text, perhaps empty");
        opened.tokenizer.close();
        opened.tokenizer.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> opened.encode.apply("to"))
                .withMessageContaining("is closed; expected an open one");
    }

    /** A file of 256 MiB and one byte, which is no file of this size on the disk. */
    @ParameterizedTest
    @EnumSource
    void fileBeyondTheBound_isRefused(Public kind) throws IOException {
        Path file = directory.resolve("tokenizer.json");
        try (var large = Files.newByteChannel(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            large.position(TokenizerContent.MOST_BYTES).write(ByteBuffer.allocate(1));
        }

        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> kind.open(directory))
                .withMessageContaining(Integer.toString(TokenizerContent.MOST_BYTES));
    }
}
