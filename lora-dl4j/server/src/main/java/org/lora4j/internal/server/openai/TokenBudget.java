/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.util.OptionalInt;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;

/** How many new tokens a text may have, and what is said of prompts that leave no room: programs read OpenAI's words. */
final class TokenBudget {

    private final int context;
    private final boolean isChat;

    TokenBudget(int context, boolean isChat) {
        this.context = context;
        this.isChat = isChat;
    }

    /**
     * The new tokens of a text.
     *
     * @param prompt tokens of its prompt
     * @param asked as the client says it
     * @param usual without that
     */
    int newTokens(int prompt, OptionalInt asked, int usual) {
        if (prompt >= context) {
            throw tooLong(
                    isChat
                            ? ". However, your messages resulted in " + prompt
                                    + " tokens. Please reduce the length of the messages."
                            : ", however your prompt has " + prompt + " tokens. Please reduce your prompt.");
        }
        if (asked.isEmpty()) {
            return Math.min(usual, context - prompt);
        }
        int most = asked.getAsInt();
        if (most > context - prompt) {
            long all = (long) prompt + most;
            throw tooLong(
                    isChat
                            ? ". However, you requested " + all + " tokens (" + prompt + " in the messages, " + most
                                    + " in the completion). Please reduce the length of the messages or completion."
                            : ", however you requested " + all + " tokens (" + prompt + " in your prompt; " + most
                                    + " for the completion). Please reduce your prompt; or completion length.");
        }
        return most;
    }

    private HttpProblem tooLong(String words) {
        return new HttpProblem(
                        Kind.BAD_REQUEST, "This model's maximum context length is " + context + " tokens" + words)
                .param(isChat ? "messages" : "prompt")
                .code("context_length_exceeded");
    }
}
