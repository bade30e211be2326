/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.internal.server.ServedLanguageModel;
import org.lora4j.language.CausalLm;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LanguageTokenizer;

/** Reads requests for texts that go on. */
final class CompletionFields {

    private static final String PROMPT = "prompt";

    private static final String ECHO = "echo";

    private static final String BEST_OF = "best_of";

    /** OpenAI's, where nothing is said. */
    private static final int NEW_TOKENS = 16;

    private static final int MOST_PROMPTS = 1_024;

    private static final int MOST_LOGPROBS = 20;

    /** A prompt as it was sent. */
    private record Sent(int[] ids, String text) {}

    private CompletionFields() {}

    static CompletionRequest read(JsonFields fields, ServedLanguageModel served) {
        CausalLm model = served.server().model();
        LanguageTokenizer tokenizer = OpenAiEndpoints.required(served, PROMPT, CausalLm::tokenizer);
        int texts = SamplingFields.texts(fields);
        int best = fields.integer(BEST_OF, 1, Integer.MAX_VALUE).orElse(texts);
        if (best != texts) {
            throw fields.problem(
                    BEST_OF, "= " + best + "; expected n, " + texts + ": every text that is made is given");
        }
        OptionalInt logs = fields.integer("logprobs", 0, MOST_LOGPROBS);
        boolean echo = fields.flag(ECHO).orElse(false);
        if (echo && logs.isPresent()) {
            throw fields.problem(ECHO, "with logprobs is not supported: probabilities are of new tokens only");
        }
        OptionalInt asked = fields.integer("max_tokens", 1, Integer.MAX_VALUE);
        TokenBudget budget = new TokenBudget(OpenAiEndpoints.longest(served), false);
        OptionalInt least = fields.integer("min_tokens", 0, Integer.MAX_VALUE);
        List<CompletionRequest.Prompt> prompts = new ArrayList<>();
        for (Sent sent : prompts(fields, tokenizer)) {
            GenerationConfig.Builder config = SamplingFields.read(fields, model.vocabularySize());
            config.maxNewTokens(budget.newTokens(sent.ids().length, asked, NEW_TOKENS));
            least.ifPresent(config::minNewTokens);
            logs.ifPresent(count -> config.logProbabilities(true).topLogProbabilities(count));
            prompts.add(CompletionRequest.Prompt.of(sent.ids(), echo ? sent.text() : "", config, texts));
        }
        StreamFields stream = StreamFields.read(fields);
        return new CompletionRequest(prompts, stream.isStream(), stream.wantsUsage(), logs.isPresent(), false);
    }

    private static List<Sent> prompts(JsonFields fields, LanguageTokenizer tokenizer) {
        JsonNode prompt = fields.required(PROMPT, "a text, ids of tokens, or a list of either");
        boolean isOne = prompt.isTextual() || prompt.path(0).isNumber();
        if (!isOne && (!prompt.isArray() || prompt.isEmpty() || prompt.size() > MOST_PROMPTS)) {
            throw fields.problem(
                    PROMPT, "is neither a text nor ids of tokens, nor a list of 1 to " + MOST_PROMPTS + " of them");
        }
        List<Sent> sent = new ArrayList<>();
        for (JsonNode one : isOne ? List.of(prompt) : prompt) {
            sent.add(sent(fields, isOne ? PROMPT : PROMPT + "[" + sent.size() + "]", one, tokenizer));
        }
        return sent;
    }

    private static Sent sent(JsonFields fields, String where, JsonNode prompt, LanguageTokenizer tokenizer) {
        if (prompt.isTextual()) {
            return new Sent(tokenizer.encode(prompt.textValue()), prompt.textValue());
        }
        if (!prompt.isArray() || prompt.isEmpty()) {
            throw fields.problem(where, "is neither a text nor ids of tokens");
        }
        int[] ids = new int[prompt.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = fields.integer(where + "[" + i + "]", prompt.get(i), 0, Integer.MAX_VALUE);
        }
        int[] known = Arrays.stream(ids).filter(tokenizer::isKnown).toArray();
        return new Sent(ids, tokenizer.decode(known, true));
    }
}
