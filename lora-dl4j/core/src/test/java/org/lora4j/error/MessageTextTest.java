/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MessageTextTest {

    @Test
    void name_thatIsShort_isQuotedAsItStands() {
        assertThat(MessageText.name("encoder.größe")).isEqualTo("\"encoder.größe\"");
    }

    @Test
    void name_ofAMillionCharacters_isCutInTheMiddleWithItsLength() {
        String shown = MessageText.name("start" + "a".repeat(999_992) + "end");

        assertThat(shown).hasSizeLessThan(250).startsWith("\"starta").contains("...(1000000 characters)...");
        assertThat(shown).endsWith("aend\"");
    }

    @Test
    void name_withControlCharacters_spellsThemOut() {
        assertThat(MessageText.name("a\nb\tc\u0000d\u001be\u2028f\u202eg\ud800"))
                .isEqualTo("\"a\\nb\\tc\\u0000d\\u001be\\u2028f\\u202eg\\ud800\"");
    }

    @Test
    void message_ofWideCharacters_staysBelowFourKilobytes() {
        for (String character : List.of("a", "ä", "語", "\ud83d\ude00", "\u0000", "\ud800")) {
            String message = MessageText.bounded(character.repeat(10_000));

            assertThat(message.getBytes(StandardCharsets.UTF_8)).hasSizeBetween(3_900, MessageText.LONGEST_MESSAGE);
        }
    }

    @Test
    void message_thatIsCut_keepsWhereItBeginsAndWhatItAdvises() {
        String message =
                new CorruptAdapterException("file.bin: " + "x".repeat(9_000) + ". Get the file again.").getMessage();

        assertThat(message).startsWith("file.bin: ").endsWith(". Get the file again.");
    }

    @Test
    void names_thatAreLong_areCutSoThatTheListIsBounded() {
        List<String> names = Collections.nCopies(10_000, "語".repeat(1_000));

        String list = Problems.quoted(names);

        assertThat(list).endsWith(", and 9990 more").contains("...(1000 characters)...");
        assertThat(list.getBytes(StandardCharsets.UTF_8)).hasSizeLessThan(900);
    }

    @Test
    void problems_thatAreLong_shareTheRoomOfTheMessage() {
        Problems problems = new Problems();
        IntStream.range(0, 5_000).forEach(i -> problems.add(i + "x".repeat(9_000) + ", expected " + i));

        String message = problems.message("y".repeat(9_000));

        assertThat(message).hasSizeLessThan(3_200).contains("5000 problems: 0xx", "expected 9; and 4990 more");
    }

    @Test
    void problems_thatAreLongButFew_areShownInFull() {
        Problems problems = new Problems();
        problems.add("x".repeat(2_000));
        problems.add("y");

        assertThat(problems.message("here")).isEqualTo("here: 2 problems: " + "x".repeat(2_000) + "; y");
    }
}
