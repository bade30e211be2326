/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.error.CapturedLog;
import org.lora4j.error.ModelFormatException;

class TextTableTest {

    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("rows"), text);
    }

    @Test
    void csv_keepsLineBreaksAndQuotesWithinQuotes() throws IOException {
        Path file = file("\uFEFFtext,category\r\n\"one,\n\"\"two\"\"\",a\r\nZürich,b\r\n");

        assertThat(TextTable.csv(file).labeled("text", "category"))
                .containsExactly(new LabeledText("one,\n\"two\"", "a"), new LabeledText("Zürich", "b"));
    }

    @Test
    void csv_withRowsOfAnotherLength_namesTheirLines() throws IOException {
        Path file = file("text,label\na,b\nc\nd,e,f\n");

        assertThatThrownBy(() -> TextTable.csv(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("line 3 has 1 fields, expected 2")
                .hasMessageContaining("line 4 has 3 fields");
    }

    @Test
    void csv_withNothingInIt_saysSo() throws IOException {
        Path file = file("text,label\n");

        assertThatThrownBy(() -> TextTable.csv(file)).hasMessageContaining("no rows");
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("rows"), bytes);
    }

    @Test
    void csv_inAnotherCharset_isReadByAGuess_thatIsSaid() throws IOException {
        Path western = file("text,label\nZürich,\"Größe – 5 €\"\n".getBytes("windows-1252"));

        String log = CapturedLog.of(
                TextTable.class,
                () -> assertThat(read(western).labeled("text", "label"))
                        .containsExactly(new LabeledText("Zürich", "Größe – 5 €")));

        assertThat(log).contains("is not UTF-8 and was read as windows-1252, which is a guess");
        assertThat(TextTable.csv(western).toString()).contains("windows-1252");
        assertThat(TextTable.csv(file("t\nü\n".getBytes(StandardCharsets.UTF_16)))
                        .column("t"))
                .containsExactly("ü");
        assertThat(TextTable.csv(file("text;n\nüber;1\n".getBytes(StandardCharsets.UTF_16LE)))
                        .column("text"))
                .containsExactly("über");
        Path latin = file("t\né\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(TextTable.csv(latin, ',', StandardCharsets.ISO_8859_1).column("t"))
                .containsExactly("é");
    }

    private static TextTable read(Path file) {
        try {
            return TextTable.csv(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void csv_inUtf8_withAByteThatIsNone_isDamaged_andNotGuessed() throws IOException {
        Path file = file(new byte[] {'t', '\n', (byte) 0xc3, (byte) 0xbc, '\n', (byte) 0xfc, '\n'});

        assertThatThrownBy(() -> TextTable.csv(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("rows: line 3, column 1: byte 0xFC, expected text in UTF-8");
        Path lines = file(new byte[] {'t', '\n', (byte) 0xfc, '\n'});
        assertThatThrownBy(() -> TextTable.csv(lines, ',', StandardCharsets.UTF_8))
                .hasMessageContaining("line 2, column 1: byte 0xFC, expected text in UTF-8");
        assertThatThrownBy(() -> TextTable.jsonLines(lines, StandardCharsets.UTF_8))
                .hasMessageContaining("line 2, column 1: byte 0xFC, expected text in UTF-8");
    }

    @Test
    void jsonLines_areReadAsCsvIs_byMark_byBytes_orAsTold() throws IOException {
        String text = "{\"t\": \"\u00e9\"}\n";
        assertThat(TextTable.jsonLines(file(("\ufeff" + text).getBytes(StandardCharsets.UTF_8)))
                        .column("t"))
                .containsExactly("\u00e9");
        assertThat(TextTable.jsonLines(file(("\ufeff" + text).getBytes(StandardCharsets.UTF_16LE)))
                        .column("t"))
                .containsExactly("\u00e9");
        assertThat(TextTable.jsonLines(file(text.getBytes(StandardCharsets.UTF_16BE)))
                        .column("t"))
                .containsExactly("\u00e9");
        Path latin = file(text.getBytes(StandardCharsets.ISO_8859_1));
        String log = CapturedLog.of(
                TextTable.class,
                () -> assertThatCode(() -> assertThat(TextTable.jsonLines(latin).column("t"))
                                .containsExactly("\u00e9"))
                        .doesNotThrowAnyException());
        assertThat(log).contains("was read as windows-1252, which is a guess; jsonLines(file, charset) tells it");
        assertThat(TextTable.jsonLines(latin, StandardCharsets.ISO_8859_1).column("t"))
                .containsExactly("\u00e9");
    }

    @Test
    void csv_findsTheSeparatorInTheHeader() throws IOException {
        for (String separator : List.of(",", ";", "\t", "|")) {
            Path file = file("text" + separator + "label\n\"a, b; c\"" + separator + "x\n");
            assertThat(TextTable.csv(file).labeled("text", "label"))
                    .as(separator)
                    .containsExactly(new LabeledText("a, b; c", "x"));
        }
        Path semicolons = file("text;label\na, b;x\n");
        String log = CapturedLog.ofInfo(
                TextTable.class,
                () -> assertThat(read(semicolons).column("text")).containsExactly("a, b"));
        assertThat(log).contains("has \";\" between its columns, as its header shows");
        assertThat(TextTable.csv(semicolons).toString())
                .contains("1 rows of \"text\", \"label\"")
                .contains("\";\" between columns, UTF-8");
        assertThat(TextTable.csv(file("text, in words;label\na;x\n")).columns())
                .containsExactly("text, in words", "label");
        assertThat(TextTable.csv(file("text\na; b\n")).column("text")).containsExactly("a; b");
    }

    @Test
    void labeled_trimsLabels_andSaysWhere() throws IOException {
        Path file = file("text,label\na,0\nb,\" 0 \"\nc,0\u00a0\nd,1\n");

        String log = CapturedLog.of(
                TextTable.class,
                () -> assertThat(read(file).labeled("text", "label"))
                        .extracting(example -> example.labels().get(0))
                        .containsExactly("0", "0", "0", "1"));

        assertThat(log).contains("white space around the label of rows 2, 3 was left out");
    }

    @Test
    void labeled_withEmptyLabelCells_namesTheirRows() throws IOException {
        Path file = file("text,label\na,x\nb,\nc,\" \"\nd,y\ne,\n");

        assertThatThrownBy(() -> TextTable.csv(file).labeled("text", "label"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rows: rows 2, 3, 5 have an empty label, expected a word");
        assertThatThrownBy(() -> TextTable.csv(file).pairs("text", "text", "label"))
                .hasMessageContaining("rows 2, 3, 5 have an empty label");
        assertThatThrownBy(() -> TextTable.of(List.of(Map.of("t", "a", "l", List.of("x", " "))))
                        .labeled("t", "l"))
                .hasMessageContaining("row 1 has an empty label");
        assertThatThrownBy(() -> TextTable.of(List.of(Map.of("t", "a"), Map.of("l", "b")))
                        .labeled("t", "l"))
                .hasMessageContaining("row 1 has no column \"l\"")
                .hasMessageContaining("row 2 has no column \"t\"");
    }

    @Test
    void conll_givesSentences_alsoOfOtherSchemes() throws IOException {
        Path file = file(
                "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\nNew NNP B-NP B-LOC\nYork NNP I-NP I-LOC\n");
        assertThat(TextTable.conll(file))
                .containsExactly(
                        new LabeledWords(List.of("EU", "rejects"), List.of("B-ORG", "O")),
                        new LabeledWords(List.of("New", "York"), List.of("B-LOC", "I-LOC")));

        Path other = file("# sent_id = 1\nBonn\tS-LOC\r\n#\tO\r\nNew\tB-LOC\r\nYork\tE-LOC\r\n");
        String log = CapturedLog.ofInfo(TextTable.class, () -> {
            try {
                assertThat(TextTable.conll(other))
                        .containsExactly(new LabeledWords(
                                List.of("Bonn", "#", "New", "York"), List.of("B-LOC", "O", "B-LOC", "I-LOC")));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertThat(log).contains("has tags of BIOES or BILOU, 2 of which became B- and I-");
    }

    @Test
    void conll_thatIsNone_namesTheLines() throws IOException {
        Path file = file("EU B-ORG\nalone\nx Z-ORG\ny B-\n");

        assertThatThrownBy(() -> TextTable.conll(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("3 problems: line 2 is \"alone\", expected a word and its tag")
                .hasMessageContaining("line 3 has the tag \"Z-ORG\"")
                .hasMessageContaining("line 4 has the tag \"B-\"");
        assertThatThrownBy(() -> TextTable.conll(file("\n"))).hasMessageContaining("no words");
    }

    @Test
    void conll_ofLabelsOfWords_keepsThem() throws IOException {
        assertThat(TextTable.conll(file("a DET\nfilm NOUN\n\nO INTJ\n")))
                .containsExactly(
                        new LabeledWords(List.of("a", "film"), List.of("DET", "NOUN")),
                        new LabeledWords(List.of("O"), List.of("INTJ")));
    }

    @Test
    void spans_areReadInTheFormsOfTools() throws IOException {
        Path file = file(
                "{\"text\": \"from Bonn to New York\", \"spans\": [[5, 9, \"city\"], {\"start\": 13, \"end\": 21, \"label\": \"city\"}]}\n"
                        + "{\"text\": \"nowhere\", \"spans\": []}\n");

        assertThat(TextTable.jsonLines(file).spans("text", "spans"))
                .containsExactly(
                        new LabeledWords(
                                List.of("from", "Bonn", "to", "New", "York"),
                                List.of("O", "B-city", "O", "B-city", "I-city")),
                        new LabeledWords(List.of("nowhere"), List.of("O")));
        TextTable bad = TextTable.of(List.of(
                Map.of("t", "a", "s", "x"),
                Map.of("t", "a", "s", List.of(List.of(0, 1))),
                Map.of("t", "a", "s", List.of(List.of(5, 9, "b")))));
        assertThatThrownBy(() -> bad.spans("t", "s"))
                .hasMessageContaining("row 1: x, expected a list of spans")
                .hasMessageContaining("row 2: span [0, 1], expected [0, 5, \"type\"]")
                .hasMessageContaining("row 3: LabeledWords: Span[type=b, from=5, to=9] has no word");
    }

    private static TextTable customers() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            rows.add(Map.of("text", "t" + i, "label", i % 10 == 0 ? "rare" : "common", "customer", "c" + i / 7));
        }
        return TextTable.of(rows);
    }

    @Test
    void splitByLabel_givesBothPartsTheSameShare_bySeed() {
        Split<TextTable> parts = customers().splitByLabel("label", 0.2, 5);

        assertThat(parts.train().size()).isEqualTo(80);
        assertThat(parts.validation().column("label"))
                .filteredOn("rare"::equals)
                .hasSize(2);
        assertThat(parts.validation().column("text"))
                .doesNotContainAnyElementsOf(parts.train().column("text"));
        assertThat(customers().splitByLabel("label", 0.2, 5).validation().column("text"))
                .isEqualTo(parts.validation().column("text"));
        assertThat(customers().splitByLabel("label", 0.2, 6).validation().column("text"))
                .isNotEqualTo(parts.validation().column("text"));
        assertThatThrownBy(() -> customers().splitByLabel("lable", 0.2, 5)).hasMessageContaining("closest: \"label\"");
        assertThatThrownBy(() -> customers().splitByLabel("label", 1, 5)).hasMessageContaining("fraction = 1.0");
    }

    @Test
    void partOfASplit_namesRowsByTheirNumberInTheWhole() {
        Map<String, String> row = Map.of("group", "many", "text", "a film", "label", "good");
        TextTable table = TextTable.of(List.of(row, row, row, Map.of("group", "one", "text", "a film", "label", " ")));
        Split<TextTable> parts = table.splitByGroup("group", 0.1, 1);

        assertThatThrownBy(() -> List.of(
                        parts.train().labeled("text", "label"),
                        parts.validation().labeled("text", "label")))
                .hasMessageContaining("row 4 has an empty label");
    }

    @Test
    void splitByGroup_keepsGroupsTogether() {
        Split<TextTable> parts = customers().splitByGroup("customer", 0.2, 5);

        assertThat(parts.validation().column("customer"))
                .doesNotContainAnyElementsOf(parts.train().column("customer"));
        // Groups of 7 rows; 21 of them are nearest to 20.
        assertThat(parts.validation().size()).isBetween(16, 24);
        assertThat(parts.train().size() + parts.validation().size()).isEqualTo(100);
        TextTable one = TextTable.of(List.of(Map.of("g", "a"), Map.of("g", "a")));
        assertThatThrownBy(() -> one.splitByGroup("g", 0.5, 1)).hasMessageContaining("1 groups; expected two or more");
        TextTable two = TextTable.of(List.of(Map.of("g", "a"), Map.of("g", "b"), Map.of("g", "b"), Map.of("g", "b")));
        for (int seed = 0; seed < 8; seed++) {
            Split<TextTable> halves = two.splitByGroup("g", 0.1, seed);
            assertThat(halves.validation().size()).as("seed %s", seed).isPositive();
            assertThat(halves.train().size()).as("seed %s", seed).isPositive();
        }
    }

    @Test
    void csv_withQuotesThatAreNone_namesLineAndColumn() throws IOException {
        Path open = file("text,label\na,b\nc,\"d\ne,f\n");
        assertThatThrownBy(() -> TextTable.csv(open))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("line 3, column 3: a quote begins that does not end");

        Path behind = file("text,label\r\n\"a\r\nb\"c,d\r\n");
        assertThatThrownBy(() -> TextTable.csv(behind))
                .hasMessageContaining(
                        "line 3, column 3: \"c\" behind a closing quote, expected \",\" or the end of the line");
    }

    @Test
    void csv_asOthersWriteIt_isReadAsTheyMeanIt() throws IOException {
        // A quote within a field, lone carriage returns, empty lines, no break at the end, an empty text in quotes.
        assertThat(TextTable.csv(file("t\n5\" pipe\n\n\"\"\nlast")).column("t"))
                .containsExactly("5\" pipe", "", "last");
        assertThat(TextTable.csv(file("t,u\ra,\r,\"b\"")).rows())
                .containsExactly(Map.of("t", "a", "u", ""), Map.of("t", "", "u", "b"));
        assertThat(TextTable.csv(file("t;u\na;b,c\n"), ';').column("u")).containsExactly("b,c");
        assertThatThrownBy(() -> TextTable.csv(file("t\na"), '"'))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("separator = \"\"\"; expected a character such as a comma");
    }

    /** Of a million bad lines as many are read as a message shows. */
    @Test
    void tables_withNothingRight_areNotReadToTheirEnd() throws IOException {
        Path file = file("t,u\n" + "x\n".repeat(1_000_000));

        assertThatThrownBy(() -> TextTable.csv(file))
                .hasMessageContaining("rows: 10 problems: line 2 has 1 fields")
                .hasMessageEndingWith("Lines behind these were not read.");
        assertThatThrownBy(() -> TextTable.jsonLines(file))
                .hasMessageContaining("10 problems: line 1, column 1 is no JSON");
    }

    @Test
    void tsv_givesPairs() throws IOException {
        Path file = file("q\ta\tsame\nwho\tme\tyes\n");

        assertThat(TextTable.tsv(file).pairs("q", "a", "same")).containsExactly(new LabeledPair("who", "me", "yes"));
    }

    @Test
    void jsonLines_takeListsAsSeveralLabels() throws IOException {
        Path file = file("{\"text\": \"a\", \"tags\": [\"x\", \"y\"]}\n\n{\"text\": \"b\", \"tags\": []}\n");

        assertThat(TextTable.jsonLines(file).labeled("text", "tags"))
                .containsExactly(new LabeledText("a", List.of("x", "y")), new LabeledText("b", List.of()));
    }

    @Test
    void jsonLines_thatAreNone_areNamed() throws IOException {
        Path file = file("{\"text\": \"a\"}\nno\n[1]\n{\"a\": 1, \"a\": 2}\n");

        assertThatThrownBy(() -> TextTable.jsonLines(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("3 problems")
                .hasMessageContaining("line 2, column 1 is no JSON: Unrecognized token 'no'")
                .hasMessageContaining("line 3, column 1 is another value, expected a JSON object")
                .hasMessageContaining("line 4, column 13 is no JSON: Duplicate field 'a'");
    }

    @Test
    void labeled_withSeveralInAField_splitsThem() {
        TextTable table = TextTable.of(List.of(Map.of("t", "a", "l", "x; y"), Map.of("t", "b", "l", "")));

        assertThat(table.labeled("t", "l", ";"))
                .containsExactly(new LabeledText("a", List.of("x", "y")), new LabeledText("b", List.of()));
    }

    @Test
    void scored_withoutANumber_namesTheRow() {
        TextTable table = TextTable.of(List.of(Map.of("t", "a", "v", 1.5), Map.of("t", "b", "v", "1,5")));

        assertThatThrownBy(() -> table.scored("t", "v"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("row 2: column \"v\" is \"1,5\", expected a number with a point");
    }

    @Test
    void labeled_ofAColumnThatIsNotThere_offersTheClosest() {
        TextTable table = TextTable.of(List.of(Map.of("text", "a", "label", "x")));

        assertThatThrownBy(() -> table.labeled("test", "label"))
                .hasMessageContaining("no column \"test\"")
                .hasMessageContaining("closest: \"text\"");
    }
}
