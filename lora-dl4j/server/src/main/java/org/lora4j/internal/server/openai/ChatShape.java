/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.language.TokenProbability;

/** Answers in conversations. */
final class ChatShape implements ReplyShape {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private static final String CONTENT = "content";

    private static final String TOOL_CALLS = "tool_calls";

    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public String object(boolean isPiece) {
        return isPiece ? "chat.completion.chunk" : "chat.completion";
    }

    @Override
    public ObjectNode choice(String text, List<ToolCalls.Call> calls) {
        ObjectNode choice = NODES.objectNode();
        ObjectNode message = choice.putObject("message")
                .put("role", "assistant")
                .put(CONTENT, text.isEmpty() && !calls.isEmpty() ? null : text)
                .putNull("refusal");
        if (!calls.isEmpty()) {
            ArrayNode all = message.putArray(TOOL_CALLS);
            calls.forEach(call -> all.add(json(call)));
        }
        return choice;
    }

    private static ObjectNode json(ToolCalls.Call call) {
        ObjectNode json = NODES.objectNode().put("id", call.id()).put("type", "function");
        json.putObject("function").put("name", call.name()).put("arguments", call.arguments());
        return json;
    }

    @Override
    public ObjectNode call(ToolCalls.Call call) {
        ObjectNode delta = NODES.objectNode();
        delta.putArray(TOOL_CALLS).add(json(call).put("index", call.index()));
        return delta(delta);
    }

    @Override
    public ObjectNode first(String text) {
        return delta(NODES.objectNode().put("role", "assistant").put(CONTENT, ""));
    }

    @Override
    public ObjectNode piece(String text) {
        return delta(NODES.objectNode().put(CONTENT, text));
    }

    @Override
    public ObjectNode last() {
        return delta(NODES.objectNode());
    }

    private static ObjectNode delta(ObjectNode fields) {
        ObjectNode choice = NODES.objectNode();
        choice.set("delta", fields);
        return choice;
    }

    @Override
    public JsonNode logs(LanguageTokenizer tokenizer, List<TokenLogs.Entry> entries) {
        ObjectNode logs = NODES.objectNode();
        ArrayNode content = logs.putArray(CONTENT);
        for (TokenLogs.Entry entry : entries) {
            ObjectNode token =
                    token(tokenizer, entry.token().id(), entry.token().logProbability());
            ArrayNode top = token.putArray("top_logprobs");
            for (TokenProbability other : entry.token().topLogProbabilities()) {
                top.add(token(tokenizer, other.id(), other.logProbability()));
            }
            content.add(token);
        }
        logs.putNull("refusal");
        return logs;
    }

    private static ObjectNode token(LanguageTokenizer tokenizer, int id, double logProbability) {
        byte[] bytes = TokenText.bytes(tokenizer, id);
        ObjectNode token = NODES.objectNode()
                .put("token", new String(bytes, StandardCharsets.UTF_8))
                .put("logprob", TokenText.finite(logProbability));
        ArrayNode units = token.putArray("bytes");
        for (byte unit : bytes) {
            units.add(unit & 0xFF);
        }
        return token;
    }
}
