/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Text of strangers on a terminal. */
class TerminalTextTest {

    @ParameterizedTest
    @CsvSource({
        "'\u001b[31mred\u001b[0m', red",
        "'\u001b]0;title\u0007text', text",
        "'\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', link",
        "'\u009b31mred', red",
        "'\u001bPdevice\u001b\\text', text",
        "'a\u0008b', ab",
        "'a\rb', ab",
        "'\u202eright', right",
        "'größe 😀', 'größe 😀'",
        "'\u001bc', ''",
        "'\u001b[', ''"
    })
    void whatATerminalWouldObey_isGone(String text, String seen) {
        assertThat(TerminalText.of(text)).isEqualTo(seen);
    }

    @Test
    void sequencesInPieces_areGone() {
        TerminalText text = new TerminalText();
        assertThat(text.next("a\u001b") + text.next("[3") + text.next("1mb")).isEqualTo("ab");
    }

    @Test
    void linesAndTabs_stay() {
        assertThat(TerminalText.of("a\n\tb")).isEqualTo("a\n\tb");
    }
}
