/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lora4j.language.FinishReason;
import org.lora4j.language.GeneratedToken;

/** Calls of tools in answers, as OpenAI's interface has them. */
class AnswersWithCallsTest {

    private static final ToolCalls.Call CALL = new ToolCalls.Call(1, "call_7", "weather", "{\"city\":\"Rome\"}");

    private final ChatShape shape = new ChatShape();

    private static RunningText text() {
        return new RunningText(new int[] {0}, "", Optional.empty(), Optional.of(new ToolCalls()));
    }

    private static GeneratedToken token(String text) {
        return new GeneratedToken(0, 0, 5, text, Double.NaN);
    }

    @Test
    void callInAStream_comesWhole_andItsMarksNever() {
        RunningText text = text();

        assertThat(text.add(token("Wait"))).isEqualTo(new RunningText.Piece("Wait", List.of(), List.of()));
        assertThat(text.add(token(". <tool"))).isEqualTo(new RunningText.Piece(".", List.of(), List.of()));
        assertThat(text.add(token("_call>{\"name\":\"f\",\"arguments\":{}}")).hasText())
                .isFalse();
        assertThat(text.hasCalls()).isFalse();
        RunningText.Piece last =
                text.end("Wait. <tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>", FinishReason.STOP_TOKEN);

        assertThat(last.text()).isEmpty();
        assertThat(last.calls()).extracting(ToolCalls.Call::name).containsExactly("f");
        assertThat(text.hasCalls()).isTrue();
    }

    @Test
    void callInAWholeText_isTakenOutOfIt() {
        RunningText text = text();
        text.keep(token("anything"));

        RunningText.Piece all =
                text.end("Hm.<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call>", FinishReason.STOP_TOKEN);

        assertThat(all.text()).isEqualTo("Hm.");
        assertThat(all.calls()).extracting(ToolCalls.Call::arguments).containsExactly("{\"a\":1}");
    }

    @Test
    void calls_standInMessages_asTheInterfaceHasThem() {
        assertThat(shape.choice("", List.of(CALL)).toString())
                .isEqualTo(
                        "{\"message\":{\"role\":\"assistant\",\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":"
                                + "\"call_7\",\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":"
                                + "\"{\\\"city\\\":\\\"Rome\\\"}\"}}]}}");
        assertThat(shape.choice("Hm.", List.of(CALL))
                        .get("message")
                        .get("content")
                        .textValue())
                .isEqualTo("Hm.");
        assertThat(shape.choice("", List.of()).get("message").get("content").textValue())
                .isEmpty();
    }

    @Test
    void callsInStreams_haveTheirNumber() {
        assertThat(shape.call(CALL).toString())
                .isEqualTo(
                        "{\"delta\":{\"tool_calls\":[{\"id\":\"call_7\",\"type\":\"function\",\"function\":{\"name\":"
                                + "\"weather\",\"arguments\":\"{\\\"city\\\":\\\"Rome\\\"}\"},\"index\":1}]}}");
    }
}
