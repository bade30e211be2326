/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ToolCallsTest {

    private static final String TWO =
            "I look. \n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"K\u00F6ln\","
                    + " \"days\": 2.50}}\n</tool_call>\n<tool_call>{\"name\":\"time\",\"arguments\":{}}</tool_call>\n";

    /** The text and the calls of pieces of a length. */
    private static String read(String text, int length, List<ToolCalls.Call> calls) {
        ToolCalls reader = new ToolCalls();
        StringBuilder shown = new StringBuilder();
        for (int from = 0; from < text.length(); from += length) {
            shown.append(reader.accept(text.substring(from, Math.min(text.length(), from + length))));
            calls.addAll(reader.fresh());
        }
        shown.append(reader.finish());
        calls.addAll(reader.fresh());
        return shown.toString();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 11, 1000})
    void calls_areTakenOutOfTheText_howeverItIsCut(int length) {
        List<ToolCalls.Call> calls = new ArrayList<>();

        assertThat(read(TWO, length, calls)).isEqualTo("I look.");
        assertThat(calls).extracting(ToolCalls.Call::name).containsExactly("weather", "time");
        assertThat(calls).extracting(ToolCalls.Call::index).containsExactly(0, 1);
        assertThat(calls)
                .extracting(ToolCalls.Call::arguments)
                .containsExactly("{\"city\":\"K\u00F6ln\",\"days\":2.50}", "{}");
        assertThat(calls.get(0).id())
                .startsWith("call_")
                .isNotEqualTo(calls.get(1).id());
    }

    @Test
    void callWithoutItsEnd_isOne_whenTheTextIsComplete() {
        List<ToolCalls.Call> calls = new ArrayList<>();

        assertThat(read("<tool_call>{\"name\": \"time\", \"arguments\": {}}", 4, calls))
                .isEmpty();
        assertThat(calls).extracting(ToolCalls.Call::name).containsExactly("time");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a < b and <tool> and <tool_call",
                "  blanks  stay \n",
                "<tool_call>no JSON</tool_call> and on",
                "<tool_call>{\"name\": 3, \"arguments\": {}}</tool_call>",
                "<tool_call>{\"name\": \"f\", \"arguments\": []}</tool_call>",
                "<tool_call>{\"name\": \"f\", \"arguments\": {}} {}</tool_call>",
                "<tool_call>{\"name\": \"f\", \"argum",
                ""
            })
    void whatIsNoCall_staysText(String text) {
        for (int length : new int[] {1, 5, 100}) {
            List<ToolCalls.Call> calls = new ArrayList<>();

            assertThat(read(text, length, calls)).isEqualTo(text);
            assertThat(calls).isEmpty();
        }
    }
}
