/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

    @Test
    void csv_inAnotherEncoding_isRefused() throws IOException {
        Path file = Files.write(folder.resolve("rows"), new byte[] {'t', '\n', (byte) 0xfc, '\n'});

        assertThatThrownBy(() -> TextTable.csv(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("rows: line 2, column 1: byte 0xFC, expected text in UTF-8");
        assertThatThrownBy(() -> TextTable.jsonLines(file))
                .hasMessageContaining("line 2, column 1: byte 0xFC, expected text in UTF-8");
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
