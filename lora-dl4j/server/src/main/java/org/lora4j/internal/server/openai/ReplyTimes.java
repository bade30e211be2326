/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import java.util.List;
import org.lora4j.language.FinishReason;
import org.lora4j.language.Generation;

/** What metrics hear of one answer. <b>Threads.</b> Guarded by its reply. */
final class ReplyTimes {

    private final LanguageMetrics metrics;
    private final String model;

    /**
     * Of an answer of a model.
     *
     * @param model a name that is registered
     */
    ReplyTimes(LanguageMetrics metrics, String model) {
        this.metrics = metrics;
        this.model = model;
    }

    void submitted(int texts) {
        metrics.of(model).waiting(texts);
    }

    /** The first token of a text came. */
    void firstToken(long nanos) {
        metrics.of(model).begins();
        metrics.firstToken(model, nanos);
    }

    /** Another one came. */
    void nextToken(long nanos) {
        metrics.nextToken(model, nanos);
    }

    /** No more comes, as the client has gone or something failed. */
    void ended(List<RunningText> texts) {
        for (RunningText text : texts) {
            metrics.of(model).ends(text.hasBegun());
        }
        metrics.finished(model, "abort", texts.size());
    }

    void complete(long start, List<List<Generation>> results, List<List<RunningText>> texts) {
        for (int prompt = 0; prompt < texts.size(); prompt++) {
            List<Generation> ofPrompt = results.get(prompt);
            metrics.tokens(
                    model,
                    ofPrompt.get(0).promptIds().length,
                    ofPrompt.stream().mapToInt(one -> one.newIds().length).sum());
            for (int i = 0; i < ofPrompt.size(); i++) {
                metrics.of(model).ends(texts.get(prompt).get(i).hasBegun());
                metrics.finished(model, reason(ofPrompt.get(i).finishReason()), 1);
            }
        }
        metrics.answered(model, System.nanoTime() - start);
    }

    private static String reason(FinishReason reason) {
        return reason == FinishReason.LENGTH || reason == FinishReason.CONTEXT_FULL ? "length" : "stop";
    }
}
