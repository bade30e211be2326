/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.train.RunListener;

/** Prompt and text together are what all tokens are: the blank before the first new word is not lost. */
class TextsAfterPromptsTest {

    private static final Path TOKENIZERS = Path.of("../language/src/test/resources/language/tokenizers");
    private static final List<LmExample> CAN = List.of(LmExample.completion("Who ran?", " Can you see Tim?"));

    @TempDir
    private Path folder;

    private CausalLm model() throws IOException {
        return CausalLm.load(SmallCausalLm.write(Files.createDirectory(folder.resolve("model")), null));
    }

    private static int[] joined(int[] one, int[] other) {
        return IntStream.concat(Arrays.stream(one), Arrays.stream(other)).toArray();
    }

    private static String pieces(StreamDecoder decoder, int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(decoder.push(id));
        }
        return text + decoder.finish();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2-style", "llama2-style", "llama3-style", "stories260k", "unigram-style"})
    void piecesAfterAnyPrompt_areWhatIsMissingOfTheWholeText(String name) throws IOException {
        SplittableRandom random = new SplittableRandom(17);
        String[] words = {"Can", " Can", "\n", "  ", "the", " the", "\u00e9", "\uD83D\uDE00", ".", " a", "\u4e2d"};
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(TOKENIZERS.resolve(name))) {
            for (int run = 0; run < 300; run++) {
                StringBuilder prompt = new StringBuilder();
                for (int i = random.nextInt(50); i >= 0; i--) {
                    prompt.append(words[random.nextInt(words.length)]);
                }
                int[] before = tokenizer.encode(prompt.toString());
                int[] ids = tokenizer.encode(words[random.nextInt(words.length)] + " dog", false);

                String text = pieces(tokenizer.streamDecoder(true, before), ids);

                assertThat(tokenizer.decode(before, true) + text)
                        .as("run %d, \"%s\"", run, prompt)
                        .isEqualTo(tokenizer.decode(joined(before, ids), true));
            }
        }
    }

    @Test
    void blankAfterWords_staysAndAtTheBeginningOfATextGoes() throws IOException {
        try (LanguageTokenizer tokenizer = LanguageTokenizer.load(TOKENIZERS.resolve("llama2-style"))) {
            int[] a = {tokenizer.id("\u2581a").getAsInt()};
            int bos = tokenizer.bosId().getAsInt();

            assertThat(pieces(tokenizer.streamDecoder(true), a)).isEqualTo("a");
            assertThat(pieces(tokenizer.streamDecoder(true, new int[] {bos}), a))
                    .isEqualTo("a");
            assertThat(pieces(tokenizer.streamDecoder(true, new int[] {bos, a[0]}), a))
                    .isEqualTo(" a");
            int[] specials = new int[80];
            Arrays.fill(specials, bos);
            assertThat(pieces(tokenizer.streamDecoder(true, joined(a, specials)), a))
                    .as("words far before")
                    .isEqualTo(" a");
            assertThat(pieces(tokenizer.streamDecoder(true, new int[] {a[0], 1 << 20}), a))
                    .as("an id without a token")
                    .isEqualTo(" a");
        }
    }

    @Test
    void trainedBlank_comesBack_inTextsStreamsBatchesServersAndStopStrings() throws IOException {
        try (CausalLm model = model()) {
            CausalLmTrainer.builder(model)
                    .fullFineTuning()
                    .learningRate(1e-2)
                    .epochs(60)
                    .listener(new RunListener() {})
                    .build()
                    .fit(CAN, CAN);
            GenerationConfig config = GenerationConfig.greedy(20);
            StringBuilder streamed = new StringBuilder();

            Generation text = model.generate("Who ran?", config);
            List<Generation> batch = model.generate(List.of("Who ran?", "Tim"), config, token -> {
                streamed.append(token.prompt() == 0 ? token.text() : "");
                return true;
            });

            assertThat(text.text()).isEqualTo(" Can you see Tim?");
            assertThat(batch.get(0)).isEqualTo(text);
            assertThat(streamed).hasToString(text.text());
            GenerationConfig stopped = config.toBuilder().stopStrings(" you").build();
            assertThat(model.generate("Who ran?", stopped).text()).isEqualTo(" Can");
            try (CausalLmServer server = CausalLmServer.builder(model).build()) {
                assertThat(server.submit(null, "Who ran?", config).result().text())
                        .isEqualTo(text.text());
            }
        }
    }

    @Test
    void samplingWithoutASeed_differs_andSaysItsSeed() throws IOException {
        try (CausalLm model = model()) {
            GenerationConfig config =
                    GenerationConfig.builder().doSample(true).maxNewTokens(12).build();

            Generation one = model.generate("Tim", config);
            Generation two = model.generate("Tim", config);
            Generation again = model.generate(
                    "Tim", config.toBuilder().seed(one.seed().orElseThrow()).build());

            assertThat(config.seed()).isEmpty();
            assertThat(two.newIds()).isNotEqualTo(one.newIds());
            assertThat(two.seed()).isNotEqualTo(one.seed());
            assertThat(again).isEqualTo(one);
            assertThat(again.seed()).isEqualTo(one.seed());
            assertThat(model.generate("Tim", GenerationConfig.greedy(2)).seed()).isEmpty();
        }
    }

    @Test
    void severalTexts_areAllThere() throws IOException {
        try (CausalLm model = model()) {
            GenerationConfig config = GenerationConfig.builder()
                    .doSample(true)
                    .maxNewTokens(12)
                    .numReturnSequences(3)
                    .seed(5)
                    .build();

            List<Generation> texts = model.generate("Tim", config).sequences();

            assertThat(texts).hasSize(3).doesNotHaveDuplicates();
            assertThat(model.generate(List.of("Tim"), config)).isEqualTo(texts);
            assertThat(model.generate("Tim", config)).isEqualTo(texts.get(0));
        }
    }

    @Test
    void dropOldest_keepsTheTokenThatBeginsTexts() throws IOException {
        try (CausalLm model = model()) {
            String prompt = "Tim had a red ball. ".repeat(20);
            GenerationConfig config =
                    GenerationConfig.greedy(8).toBuilder().dropOldest(true).build();

            int[] kept = model.generate(prompt, config).promptIds();

            int[] all = model.tokenizer().encode(prompt);
            assertThat(kept).hasSize(40).startsWith(model.tokenizer().bosId().getAsInt());
            assertThat(Arrays.copyOfRange(kept, 1, 40)).isEqualTo(Arrays.copyOfRange(all, all.length - 39, all.length));
        }
    }
}
