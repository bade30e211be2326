/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.lora4j.internal.http.EventStream;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.server.CandidateFailures;
import org.lora4j.internal.server.LanguageModels;
import org.lora4j.internal.server.ServedLanguageModel;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.FinishReason;
import org.lora4j.language.GeneratedToken;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationException;
import org.lora4j.language.LanguageTokenizer;
import org.lora4j.language.LmRequest;
import org.lora4j.language.QueueFullException;
import org.lora4j.serve.ServedBy;

/**
 * An answer while its texts are made: hears of tokens, tells them, and ends with the last text. If the client goes, so do its texts. If the
 * candidate of a canary fails before a word of it was sent, what is in use answers.
 *
 * <p><b>Threads.</b> Any: tokens come on the thread that makes all texts, the client goes on others. What changes is guarded by this
 * object; sending waits for nobody.
 */
final class Reply {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private static final String CHOICES = "choices";

    private static final String USAGE = "usage";

    private static final String FINISH_REASON = "finish_reason";

    private static final String LOGPROBS = "logprobs";

    /** How OpenAI's interface says why a text ended. */
    private static final Map<FinishReason, String> REASONS = Map.of(
            FinishReason.LENGTH, "length",
            FinishReason.CONTEXT_FULL, "length",
            FinishReason.STOP_TOKEN, "stop",
            FinishReason.STOP_STRING, "stop");

    private final Exchange exchange;
    private final LanguageModels models;
    private final String model;
    private final ReplyShape shape;
    private final CompletionRequest asked;
    private final LanguageTokenizer tokenizer;
    private final ReplyTimes times;
    private final String id;
    private final long created;
    private final long start = System.nanoTime();

    // Guarded by this.
    private ServedLanguageModel served;
    private List<List<RunningText>> texts;
    private final List<LmRequest> requests = new ArrayList<>();
    private final List<List<Generation>> results = new ArrayList<>();
    private int attempt;
    private EventStream events;
    private int missing;
    private boolean over;

    /**
     * An answer that has not begun.
     *
     * @param model what the client calls the model
     * @param created seconds since 1970
     */
    Reply(
            Exchange exchange,
            LanguageModels models,
            ServedLanguageModel served,
            String model,
            ReplyShape shape,
            CompletionRequest asked,
            ReplyTimes times,
            long created) {
        this.exchange = exchange;
        this.models = models;
        this.served = served;
        this.model = model;
        this.shape = shape;
        this.asked = asked;
        this.tokenizer = served.server().model().tokenizer();
        this.times = times;
        this.id = shape.idPrefix() + UUID.randomUUID().toString().replace("-", "");
        this.created = created;
        this.texts = texts();
    }

    /** A text that has not begun for each that was asked for. */
    private List<List<RunningText>> texts() {
        List<List<RunningText>> all = new ArrayList<>();
        int index = 0;
        for (CompletionRequest.Prompt prompt : asked.prompts()) {
            List<RunningText> ofPrompt = new ArrayList<>();
            for (int i = 0; i < prompt.config().numReturnSequences(); i++) {
                int[] indices = new int[prompt.copies()];
                for (int copy = 0; copy < indices.length; copy++) {
                    indices[copy] = index++;
                }
                ofPrompt.add(new RunningText(
                        indices,
                        prompt.shown(),
                        asked.wantsLogs() ? Optional.of(new TokenLogs(tokenizer, prompt.ids())) : Optional.empty(),
                        asked.wantsCalls() ? Optional.of(new ToolCalls()) : Optional.empty()));
            }
            all.add(ofPrompt);
        }
        return all;
    }

    /** Submits what was asked for; all of it, or nothing. */
    synchronized void submit() {
        times.submitted(count());
        try {
            submitOrFallBack();
        } catch (RuntimeException e) {
            end();
            throw refusal(e);
        }
        exchange.whenGone(this::gone);
    }

    private void submitOrFallBack() {
        Optional<ServedLanguageModel> inUse = served.fallback();
        try {
            submitAll();
        } catch (RuntimeException e) {
            if (inUse.isEmpty()) {
                throw e;
            }
            // What no adapter can answer is no fault of the candidate.
            ServedLanguageModel candidate = served;
            served = inUse.get();
            submitAll();
            CandidateFailures.tell(candidate.choice(), e.getMessage());
        }
    }

    private void submitAll() {
        requests.clear();
        results.clear();
        missing = asked.prompts().size();
        int now = ++attempt;
        List<List<RunningText>> ofNow = texts;
        try {
            for (int i = 0; i < asked.prompts().size(); i++) {
                List<RunningText> ofPrompt = ofNow.get(i);
                CompletionRequest.Prompt prompt = asked.prompts().get(i);
                results.add(null);
                requests.add(served.server()
                        .submit(
                                served.adapter(),
                                prompt.ids(),
                                prompt.config(),
                                token -> heard(now, ofPrompt.get(token.number()), token)));
            }
        } catch (RuntimeException e) {
            requests.forEach(LmRequest::cancel);
            throw e;
        }
        for (int i = 0; i < asked.prompts().size(); i++) {
            int prompt = i;
            requests.get(i).future().whenComplete((found, failure) -> done(now, prompt, found, failure));
        }
    }

    /** Once more by what is in use; false where there is nothing else, or a part of the answer is out. */
    private boolean triesWhatIsInUse(Throwable failure) {
        Optional<ServedLanguageModel> inUse = served.fallback();
        if (inUse.isEmpty() || events != null || exchange.isGone()) {
            return false;
        }
        ServedLanguageModel candidate = served;
        List<List<RunningText>> before = texts;
        requests.forEach(LmRequest::cancel);
        served = inUse.get();
        texts = texts();
        try {
            submitAll();
        } catch (RuntimeException e) {
            served = candidate;
            texts = before;
            return false;
        }
        times.ended(before.stream().flatMap(List::stream).toList());
        times.submitted(count());
        CandidateFailures.tell(candidate.choice(), failure.getMessage());
        return true;
    }

    private int count() {
        return texts.stream().mapToInt(List::size).sum();
    }

    private RuntimeException refusal(RuntimeException e) {
        int all = count();
        if (e instanceof QueueFullException full && full.most() < all) {
            return new HttpProblem(
                    Kind.BAD_REQUEST,
                    "the request asks for " + all + " texts; expected at most " + full.most()
                            + ", what runs and waits.");
        }
        if (e instanceof IllegalStateException) {
            return new HttpProblem(Kind.UNAVAILABLE, "the model takes no more requests: it is closed or about to be.");
        }
        return e instanceof IllegalArgumentException && !isServed()
                ? HttpProblem.unknownModel(model, models.names())
                : e;
    }

    /** Whether the adapter is still there: it may be removed at any time. */
    private boolean isServed() {
        return served.adapter().equals(CausalLmServer.BASE)
                || served.server().status().stream().anyMatch(one -> one.name().equals(served.adapter()));
    }

    private synchronized void gone() {
        end();
    }

    /** Lets go of the texts that are still made. */
    private void end() {
        if (!over) {
            over = true;
            requests.forEach(LmRequest::cancel);
            times.ended(texts.stream().flatMap(List::stream).toList());
        }
    }

    private synchronized boolean heard(int of, RunningText text, GeneratedToken token) {
        if (of != attempt || over || exchange.isGone()) {
            return false;
        }
        boolean first = text.begins(start, times);
        if (asked.isStream()) {
            ObjectNode opening = first ? shape.first(text.shown) : null;
            if (opening != null) {
                send(text, opening, List.of());
            }
            send(text, text.add(token));
        } else {
            text.keep(token);
        }
        return true;
    }

    private void send(RunningText text, RunningText.Piece piece) {
        if (piece.hasText()) {
            send(text, shape.piece(piece.text()), piece.tokens());
        }
        piece.calls().forEach(call -> send(text, shape.call(call), List.of()));
    }

    private void send(RunningText text, ObjectNode choice, List<TokenLogs.Entry> tokens) {
        choice.set(LOGPROBS, tokens.isEmpty() ? NODES.nullNode() : shape.logs(tokenizer, tokens));
        choice.putNull(FINISH_REASON);
        sendEach(text, choice);
    }

    private void sendEach(RunningText text, ObjectNode choice) {
        for (int index : text.indices) {
            ObjectNode chunk = head(true);
            ObjectNode one = choice.deepCopy();
            one.put("index", index);
            chunk.putArray(CHOICES).add(one);
            if (asked.wantsUsage()) {
                chunk.putNull(USAGE);
            }
            events().send(chunk);
        }
    }

    private EventStream events() {
        if (events == null) {
            tellAdapter();
            events = exchange.events();
        }
        return events;
    }

    /** Which adapter the first text began with. */
    private Optional<ServedBy> servedBy() {
        return requests.stream().flatMap(request -> request.servedBy().stream()).findFirst();
    }

    private void tellAdapter() {
        servedBy().ifPresent(by -> {
            exchange.header("x-adapter-generation", Long.toString(by.generation()));
            if (!by.contentHash().isEmpty()) {
                exchange.header("x-adapter-hash", by.contentHash());
            }
        });
    }

    private ObjectNode head(boolean isPiece) {
        ObjectNode head = NODES.objectNode()
                .put("id", id)
                .put("object", shape.object(isPiece))
                .put("created", created)
                .put("model", model);
        head.put("system_fingerprint", servedBy().map(Reply::fingerprint).orElse(null));
        return head;
    }

    /** With another adapter under the name, answers may be others. */
    private static String fingerprint(ServedBy by) {
        String hash = by.contentHash();
        return "fp_" + (hash.isEmpty() ? "base" : hash.substring(0, Math.min(12, hash.length())));
    }

    private synchronized void done(int of, int prompt, List<Generation> found, Throwable failure) {
        if (of != attempt || over) {
            return;
        }
        boolean isCancelled =
                found != null && found.stream().anyMatch(text -> text.finishReason() == FinishReason.CANCELLED);
        if (failure != null && triesWhatIsInUse(failure)) {
            return;
        }
        if (failure != null || isCancelled) {
            end();
            HttpProblem problem = isCancelled
                    ? new HttpProblem(Kind.UNAVAILABLE, "the model was closed before the text was complete.")
                    : null;
            fail(problem == null ? reason(failure) : problem);
            return;
        }
        results.set(prompt, found);
        if (asked.isStream()) {
            for (int i = 0; i < found.size(); i++) {
                finish(texts.get(prompt).get(i), found.get(i));
            }
        }
        if (--missing == 0) {
            complete();
        }
    }

    private Throwable reason(Throwable failure) {
        // What the future of a request gives is wrapped.
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        boolean isUnknown = cause instanceof GenerationException
                && cause.getCause() instanceof IllegalArgumentException
                && !isServed();
        return isUnknown ? HttpProblem.unknownModel(model, models.names()) : failure;
    }

    private void fail(Throwable failure) {
        if (!exchange.isGone()) {
            served.failed();
        }
        if (events == null) {
            exchange.fail(failure);
        } else {
            events.fail(failure);
        }
    }

    /** The last pieces of a text, and why it ended. */
    private void finish(RunningText text, Generation generation) {
        send(text, text.end(generation.text(), generation.finishReason()));
        ObjectNode choice = shape.last();
        choice.putNull(LOGPROBS);
        choice.put(FINISH_REASON, reason(text, generation));
        sendEach(text, choice);
    }

    private static String reason(RunningText text, Generation generation) {
        return text.hasCalls() ? "tool_calls" : REASONS.get(generation.finishReason());
    }

    private void complete() {
        over = true;
        ObjectNode usage = usage();
        times.complete(start, results, texts);
        exchange.tokens(
                usage.get("prompt_tokens").intValue(),
                usage.get("completion_tokens").intValue());
        served.answered(Duration.ofNanos(System.nanoTime() - start));
        if (!asked.isStream()) {
            tellAdapter();
            exchange.answer(whole(usage));
            return;
        }
        if (asked.wantsUsage()) {
            ObjectNode chunk = head(true);
            chunk.putArray(CHOICES);
            chunk.set(USAGE, usage);
            events().send(chunk);
        }
        events().send("[DONE]");
        events().end();
    }

    private ObjectNode whole(ObjectNode usage) {
        ObjectNode answer = head(false);
        ArrayNode choices = answer.putArray(CHOICES);
        for (int prompt = 0; prompt < texts.size(); prompt++) {
            for (int i = 0; i < texts.get(prompt).size(); i++) {
                RunningText text = texts.get(prompt).get(i);
                Generation generation = results.get(prompt).get(i);
                RunningText.Piece all = text.end(generation.text(), generation.finishReason());
                for (int index : text.indices) {
                    ObjectNode choice = shape.choice(text.shown + all.text(), all.calls());
                    choice.put("index", index);
                    choice.set(LOGPROBS, text.hasLogs() ? shape.logs(tokenizer, all.tokens()) : NODES.nullNode());
                    choice.put(FINISH_REASON, reason(text, generation));
                    choices.add(choice);
                }
            }
        }
        answer.set(USAGE, usage);
        return answer;
    }

    private ObjectNode usage() {
        long read = 0;
        long written = 0;
        for (int i = 0; i < results.size(); i++) {
            read += asked.prompts().get(i).ids().length;
            for (Generation generation : results.get(i)) {
                written += (long) generation.newIds().length
                        * asked.prompts().get(i).copies();
            }
        }
        ObjectNode usage = NODES.objectNode()
                .put("prompt_tokens", read)
                .put("completion_tokens", written)
                .put("total_tokens", read + written);
        usage.putObject("prompt_tokens_details").put("cached_tokens", 0);
        return usage;
    }
}
