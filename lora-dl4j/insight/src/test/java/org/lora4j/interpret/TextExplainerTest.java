/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.interpret.Attribution.Span;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Tokens of a tiny classifier of texts, of which "good" and "bad" alone tell the label. */
class TextExplainerTest {

    private static final double COMPLETE = 1e-3;

    private static TextEncoder encoder;
    private static TextClassifier classifier;

    @BeforeAll
    static void learn() {
        encoder = TinyEncoder.create();
        classifier = TextClassifier.builder(encoder)
                .epochs(6)
                .build()
                .fit(TinyEncoder.reviews(60, 1), TinyEncoder.reviews(20, 2));
    }

    @AfterAll
    static void close() {
        classifier.close();
        encoder.close();
    }

    @Test
    void theWordThatTells_countsMost_andTheTokensAddUpToTheScore() {
        Attribution why = IntegratedGradients.of(classifier).explain("the film is very good");

        assertThat(why.value())
                .isCloseTo(classifier.predict("the film is very good").score(), within(1e-4));
        assertThat(why.sum()).isCloseTo(why.value() - why.baselineValue(), within(COMPLETE));
        assertThat(why.baseline()).isEqualTo("[PAD]");
        assertThat(why.words()).extracting(Span::text).containsExactly("the", "film", "is", "very", "good");
        assertThat(why.words().stream()
                        .max((a, b) -> Double.compare(a.value(), b.value()))
                        .orElseThrow()
                        .text())
                .isEqualTo("good");
        assertThat(why.toString()).startsWith("score of \"positive\": ").contains("\n");
        assertThat(why.json()).contains("\"tokens\"");
    }

    @Test
    void bothBaselinesAndEveryLabel_addUp() {
        String text = "my card is bad, not good";
        for (String label : classifier.labels()) {
            for (TokenBaseline baseline : TokenBaseline.values()) {
                Attribution why =
                        IntegratedGradients.of(classifier).baseline(baseline).explain(text, label);

                assertThat(why.value())
                        .isCloseTo(classifier.predict(text).scores().get(label), within(1e-4));
                assertThat(why.sum()).isCloseTo(why.value() - why.baselineValue(), within(COMPLETE));
            }
        }
    }

    /** Twenty times the head: probabilities are 0 and 1, where the gradient of a probability is nothing. */
    @Test
    void saturatedProbabilities_areExplainedByTheirMargin() {
        TextClassifier sure = TextClassifier.builder(encoder)
                .headOnly()
                .build()
                .fit(TinyEncoder.reviews(60, 1), TinyEncoder.reviews(20, 2));
        INDArray weight = sure.graph().getVariable("classifier.weight").getArr();
        INDArray bias = sure.graph().getVariable("classifier.bias").getArr();
        weight.muli(20);
        bias.muli(20);
        String text = "the film is very good";
        assertThat(sure.predict(text).score()).isGreaterThan(0.9999);

        Attribution why = IntegratedGradients.of(sure).explain(text);

        assertThat(why.output()).isEqualTo("margin (logit) of \"positive\" over \"negative\"");
        // Of two classes the margin is the logarithm of the odds, which is as large as 20 heads are.
        assertThat(why.value()).isGreaterThan(9);
        assertThat(why.sum())
                .isCloseTo(
                        why.value() - why.baselineValue(),
                        within(COMPLETE * Math.max(1, Math.abs(why.value() - why.baselineValue()))));
        assertThat(why.words().stream()
                        .max((a, b) -> Double.compare(a.value(), b.value()))
                        .orElseThrow()
                        .text())
                .isEqualTo("good");
        Attribution whyNot = IntegratedGradients.of(sure).explain(text, "negative");
        assertThat(whyNot.output()).isEqualTo("margin (logit) of \"negative\" over \"positive\"");
        assertThat(whyNot.value()).isCloseTo(-why.value(), within(1e-3));
        sure.close();
    }

    @Test
    void pieces_areJoinedToWords_atTheirPlacesInTheText() {
        String text = "\uD83D\uDE00 Playing in Z\u00FCrich";

        Attribution why = IntegratedGradients.of(classifier).explain(text);

        assertThat(why.words()).extracting(Span::text).containsExactly("\uD83D\uDE00", "Playing", "in", "Z\u00FCrich");
        assertThat(why.tokens())
                .allSatisfy(token ->
                        assertThat(text.substring(token.from(), token.to())).isEqualTo(token.text()));
        assertThat(why.tokens()).extracting(Span::text).contains("Play", "ing");
        assertThat(why.words().stream().mapToDouble(Span::value).sum()).isCloseTo(why.sum(), within(1e-9));
    }

    @Test
    void classifiersOfAllKinds_areExplained() {
        TextClassifier several = TextClassifier.builder(encoder)
                .severalLabels()
                .headOnly()
                .build()
                .fit(TinyEncoder.reviews(40, 3), TinyEncoder.reviews(20, 4));

        Attribution why = IntegratedGradients.of(several).explain("a bad film", "negative");

        assertThat(why.value()).isCloseTo(several.predict("a bad film").scores().get("negative"), within(1e-4));
        assertThat(why.sum()).isCloseTo(why.value() - why.baselineValue(), within(COMPLETE));
        several.close();
    }

    @Test
    void aGraphWithATokenizerOfOnesOwn_needsABaseline() {
        HuggingFaceTextTokenizer file = TinyEncoder.tokenizer();
        TextTokenizer own = new TextTokenizer() {
            @Override
            public int[] encode(String text) {
                return file.encode(text);
            }

            @Override
            public int maxLength() {
                return file.maxLength();
            }
        };
        TextExplainer explainer = IntegratedGradients.of(classifier.graph(), own, "logits", List.of());

        Attribution why = explainer.baseline(0).explain("a good film");

        assertThat(why.output()).startsWith("logits of ");
        assertThat(why.sum()).isCloseTo(why.value() - why.baselineValue(), within(COMPLETE));
        assertThat(why.words()).hasSameSizeAs(why.tokens());
        assertThatThrownBy(() -> explainer.explain("a good film")).hasMessageContaining("call baseline(id)");
        assertThatThrownBy(() -> explainer.baseline(TokenBaseline.MASK))
                .hasMessageContaining("was not read from a file");
        file.close();
    }

    @Test
    void whatCannotBeExplained_isToldClearly() {
        TextExplainer explainer = IntegratedGradients.of(classifier);

        assertThatThrownBy(() -> explainer.explain(" ")).hasMessageContaining("the text is empty");
        assertThatThrownBy(() -> explainer.explain(null)).hasMessageContaining("the text is null");
        assertThatThrownBy(() -> explainer.explain("a film", "positiv"))
                .hasMessageContaining("label \"positiv\"")
                .hasMessageContaining("closest: \"positive\"");
        assertThatThrownBy(() ->
                        IntegratedGradients.of(TextClassifier.builder(encoder).build()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nothing was learned yet");
    }
}
