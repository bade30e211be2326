/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Papers are cited with the authors, year, title and number that {@code docs/references.md} has, and it has no others. */
class ReferencesTest {

    private static final String PAGE = "docs/references.md";

    /** Javadoc that a build writes into the layers of Deeplearning4j. */
    private static final String GENERATED = "lora-dl4j/networks/src/generator/layers.txt";

    private static final List<String> ROWS = List.of(
            "| Adam | Kingma, Ba 2015 | Adam: A Method for Stochastic Optimization | [1412.6980](https://arxiv.org/abs/1412.6980) |",
            "| IA3 | Liu et al. 2022 | Few-Shot Tuning: Better | [2205.05638](https://arxiv.org/abs/2205.05638) |");

    private final Documents documents = Documents.root();

    @Test
    void everyCitation_isOnThePage_andEveryPaperOfThePageIsCited() {
        Bibliography page = Bibliography.of(documents.lines(PAGE));
        List<String> mistakes = new ArrayList<>();

        for (Sources.Source source : Sources.java(documents)) {
            if (!source.file().endsWith("/ReferencesTest.java")) {
                source.comments().forEach(text -> add(mistakes, source.file(), page.mistakes(text)));
            }
        }
        add(mistakes, GENERATED, page.mistakes(String.join(" ", documents.lines(GENERATED))));
        for (String file : documents.files()) {
            if (!file.equals(PAGE)) {
                Bibliography.units(documents.lines(file)).forEach(text -> add(mistakes, file, page.mistakes(text)));
            }
        }

        assertThat(mistakes).as("citations that %s has otherwise", PAGE).isEmpty();
        assertThat(page.papers()).hasSizeGreaterThan(100).doesNotHaveDuplicates();
        assertThat(page.uncited()).as("papers that nothing cites").isEmpty();
    }

    private static void add(List<String> mistakes, String file, List<String> found) {
        found.forEach(mistake -> mistakes.add(file + ": " + mistake));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Kingma, Ba 2015, AdamOptimizer: a method for stochastic optimization, arXiv 1412.6980",
                "Kingma, Ba 2015, Adam: an optimizer, arXiv 1412.6980",
                "Kingma, Ba 2014, arXiv 1412.6980",
                "Kingma et al. 2015, arXiv 1412.6980",
                "Kingma, Ba 2015, Adam, arXiv 2205.05638",
                "[Kingma, Ba 2015](https://arxiv.org/abs/2205.05638)",
                "Kingma, Ba, \"A method\", 2015",
                "arXiv 1412.6981",
                "as in IA3 (arXiv 1412.6980)",
                "Some and Other 1999"
            })
    void mistakes_areFound(String text) {
        assertThat(Bibliography.of(ROWS).mistakes(text)).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Kingma and Ba 2015, <i>Adam: a method for stochastic optimization</i>, arXiv:1412.6980, algorithm 1",
                "Kingma, Ba, \"Adam: a method for stochastic optimization\", 2015, arXiv 1412.6980",
                "(Liu et al., 2022, Few-Shot Tuning, arXiv 2205.05638)",
                "[Kingma, Ba 2015](https://arxiv.org/abs/1412.6980)",
                "Liu et al. 2022, section 3; December 2023"
            })
    void citations_haveSeveralForms(String text) {
        assertThat(Bibliography.of(ROWS).mistakes(text)).isEmpty();
    }
}
