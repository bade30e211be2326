/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.internal.server.ServedLanguageModel;
import org.lora4j.language.ChatMessage;
import org.lora4j.language.ChatTemplateException;
import org.lora4j.language.GenerationConfig;

/** Reads requests for answers in conversations. */
final class ChatFields {

    private static final String MESSAGES = "messages";

    private static final String TOP_LOGPROBS = "top_logprobs";

    private static final int MOST_LOGPROBS = 20;

    private ChatFields() {}

    static CompletionRequest read(JsonFields fields, ServedLanguageModel served) {
        List<ChatMessage> messages = ChatMessages.of(fields.required(MESSAGES, "a list of messages"));
        List<Map<String, Object>> tools = ChatTools.of(fields);
        int texts = SamplingFields.texts(fields);
        boolean logs = fields.flag("logprobs").orElse(false);
        OptionalInt top = fields.integer(TOP_LOGPROBS, 0, MOST_LOGPROBS);
        if (top.isPresent() && !logs) {
            throw fields.problem(TOP_LOGPROBS, "is there without logprobs; expected \"logprobs\": true");
        }
        GenerationConfig.Builder config =
                SamplingFields.read(fields, served.server().model().vocabularySize());
        config.logProbabilities(logs).topLogProbabilities(top.orElse(0));
        fields.integer("min_tokens", 0, Integer.MAX_VALUE).ifPresent(config::minNewTokens);
        OptionalInt older = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
        OptionalInt newer = fields.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
        int[] ids = ids(served, messages, tools);
        config.maxNewTokens(new TokenBudget(OpenAiEndpoints.longest(served), true)
                .newTokens(ids.length, newer.isPresent() ? newer : older, Integer.MAX_VALUE));
        StreamFields stream = StreamFields.read(fields);
        return new CompletionRequest(
                List.of(CompletionRequest.Prompt.of(ids, "", config, texts)),
                stream.isStream(),
                stream.wantsUsage(),
                logs,
                !tools.isEmpty());
    }

    private static int[] ids(ServedLanguageModel served, List<ChatMessage> messages, List<Map<String, Object>> tools) {
        try {
            return OpenAiEndpoints.required(served, MESSAGES, model -> model.promptIds(messages, tools));
        } catch (ChatTemplateException e) {
            throw new HttpProblem(Kind.BAD_REQUEST, e.getMessage()).param(tools.isEmpty() ? MESSAGES : "tools");
        }
    }
}
