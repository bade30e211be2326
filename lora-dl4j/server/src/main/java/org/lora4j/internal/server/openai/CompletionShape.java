/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.lora4j.language.GeneratedToken;
import org.lora4j.language.LanguageTokenizer;

/** Texts that go on with prompts. */
final class CompletionShape implements ReplyShape {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    @Override
    public String idPrefix() {
        return "cmpl-";
    }

    @Override
    public String object(boolean isPiece) {
        return "text_completion";
    }

    @Override
    public ObjectNode choice(String text, List<ToolCalls.Call> calls) {
        return piece(text);
    }

    @Override
    public ObjectNode call(ToolCalls.Call call) {
        throw new IllegalStateException("a text that goes on has no calls, and there is one of " + call.name());
    }

    @Override
    public ObjectNode first(String text) {
        return text.isEmpty() ? null : piece(text);
    }

    @Override
    public ObjectNode piece(String text) {
        return NODES.objectNode().put("text", text);
    }

    @Override
    public ObjectNode last() {
        return piece("");
    }

    @Override
    public JsonNode logs(LanguageTokenizer tokenizer, List<TokenLogs.Entry> entries) {
        ObjectNode logs = NODES.objectNode();
        ArrayNode offsets = logs.putArray("text_offset");
        ArrayNode numbers = logs.putArray("token_logprobs");
        ArrayNode tokens = logs.putArray("tokens");
        ArrayNode top = logs.putArray("top_logprobs");
        for (TokenLogs.Entry entry : entries) {
            GeneratedToken token = entry.token();
            String text = TokenText.of(tokenizer, token.id());
            offsets.add(entry.start());
            numbers.add(TokenText.finite(token.logProbability()));
            tokens.add(text);
            if (token.topLogProbabilities().isEmpty()) {
                top.addNull();
                continue;
            }
            ObjectNode likely = top.addObject();
            token.topLogProbabilities()
                    .forEach(other ->
                            likely.put(TokenText.of(tokenizer, other.id()), TokenText.finite(other.logProbability())));
            likely.put(text, TokenText.finite(token.logProbability()));
        }
        return logs;
    }
}
