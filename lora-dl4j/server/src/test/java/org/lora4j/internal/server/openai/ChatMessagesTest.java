/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.language.ChatMessage;

class ChatMessagesTest {

    private static JsonNode json(String text) throws JsonProcessingException {
        return new ObjectMapper().readTree(text.replace('\'', '"'));
    }

    @Test
    void parts_areJoined_andDevelopersAreTheSystem() throws JsonProcessingException {
        List<ChatMessage> read = ChatMessages.of(json("""
                [{'role': 'developer', 'content': 'Be short.', 'unknown': 3},
                 {'role': 'user', 'name': 'Tom', 'content': [{'type': 'text', 'text': 'one'}, {'type': 'text', 'text': 'two'}]}]
                """));

        assertThat(read)
                .containsExactly(
                        ChatMessage.system("Be short."),
                        ChatMessage.user("one\ntwo").with("name", "Tom"));
    }

    @Test
    void callsOfTheModel_haveTheirArgumentsAsObjects_asTemplatesReadThem() throws JsonProcessingException {
        List<ChatMessage> read = ChatMessages.of(json("""
                [{'role': 'assistant', 'content': null, 'tool_calls': [{'id': 'c1', 'type': 'function',
                  'function': {'name': 'f', 'arguments': '{\\\\'days\\\\': [2, 2.5], \\\\'now\\\\': true}'}}]},
                 {'role': 'tool', 'tool_call_id': 'c1', 'content': 'sun'}]
                """.replace("\\\\'", "\\\"")));

        assertThat(read.get(0).content()).isNull();
        assertThat(read.get(0).fields()).containsKey("content");
        assertThat(read.get(0).fields().get("tool_calls"))
                .isEqualTo(List.of(Map.of(
                        "id",
                        "c1",
                        "type",
                        "function",
                        "function",
                        Map.of("name", "f", "arguments", Map.of("days", List.of(2L, 2.5), "now", true)))));
        assertThat(read.get(1)).isEqualTo(ChatMessage.of("tool", "sun").with("tool_call_id", "c1"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "[]; messages",
                "{}; messages",
                "[3]; messages[0]",
                "[{'content': 'a'}]; messages[0]",
                "[{'role': 'user'}]; messages[0].content",
                "[{'role': 'user', 'content': null}]; messages[0].content",
                "[{'role': 'user', 'content': 7}]; messages[0].content",
                "[{'role': 'user', 'content': [{'type': 'image_url', 'image_url': {'url': 'x'}}]}]; messages[0].content[0]",
                "[{'role': 'user', 'content': [{'type': 'text'}]}]; messages[0].content[0].text",
                "[{'role': 'assistant', 'tool_calls': [{}]}]; messages[0].tool_calls[0].function",
                "[{'role': 'assistant', 'tool_calls': [{'function': {'name': 'f', 'arguments': 'no'}}]}];"
                        + " messages[0].tool_calls[0].function.arguments",
            })
    void whatIsNoMessage_isRefusedByItsPlace(String messages, String param) throws JsonProcessingException {
        JsonNode json = json(messages);

        assertThatThrownBy(() -> ChatMessages.of(json))
                .isInstanceOfSatisfying(HttpProblem.class, problem -> {
                    assertThat(problem.param()).contains(param);
                    assertThat(problem.kind().status()).isEqualTo(400);
                })
                .hasMessageStartingWith(param + " ");
    }
}
