/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.chat.JinjaTemplate;
import org.lora4j.internal.language.training.TokenRow;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;

/** Makes rows of tokens of examples: what is learned of them, and where they are cut. Counts what is odd about them. */
final class ExampleRows {

    private static final String ASSISTANT = "assistant";

    private final CausalLm model;
    private String call = "CausalLmTrainer.fit";
    private final int maxLength;
    private final LongRows longRows;
    private final boolean skipInvalid;
    private final Preflight start;
    private final RowFindings findings;
    private int skipped;
    private int cut;
    private int joined;
    private final List<String> further = new ArrayList<>();

    /** An example that cannot be learned from; the message continues its place in a list. */
    private static final class Unusable extends Exception {

        private static final long serialVersionUID = 1;

        private final boolean nothingLearned;

        Unusable(String problem) {
            this(problem, false);
        }

        Unusable(String problem, boolean nothingLearned) {
            super(problem, null, false, false);
            this.nothingLearned = nothingLearned;
        }
    }

    ExampleRows(CausalLm model, int maxLength, LongRows longRows, boolean skipInvalid) {
        this(model, maxLength, longRows, skipInvalid, Preflight.allowing(List.of()));
    }

    /** With what is known before any example is seen. */
    ExampleRows(CausalLm model, int maxLength, LongRows longRows, boolean skipInvalid, Preflight start) {
        this.start = start;
        this.findings = new RowFindings(model);
        this.model = model;
        this.maxLength = maxLength;
        this.longRows = longRows;
        this.skipInvalid = skipInvalid;
    }

    /** Sets the call that messages name. */
    ExampleRows call(String name) {
        call = name;
        return this;
    }

    /** The rows of a list of examples; those that are none are left out, or told. */
    List<TokenRow> of(List<LmExample> examples, String list, Problems problems) {
        problems.check(!examples.isEmpty(), list + " has no examples, expected one or more");
        List<TokenRow> rows = new ArrayList<>();
        Problems found = new Problems();
        for (int i = 0; i < examples.size() && (skipInvalid || !found.isFull()); i++) {
            LmExample example = examples.get(i);
            try {
                rows.addAll(rows(example));
            } catch (Unusable | ChatTemplateException e) {
                skipped++;
                if (e instanceof Unusable unusable
                        && unusable.nothingLearned
                        && start.allows(PreflightRule.NOTHING_LEARNED)) {
                    continue;
                }
                found.add((example == null ? list + "[" + i + "]" : example.where(list, i)) + " " + e.getMessage());
            }
        }
        if (!skipInvalid || rows.isEmpty()) {
            problems.addAll(found.list());
        }
        return rows;
    }

    /** What was found in all examples so far. */
    Preflight preflight() {
        return findings.in(start);
    }

    int skipped() {
        return skipped;
    }

    int cut() {
        return cut;
    }

    /** Adds something that is to be known of the training. */
    void note(String sentence) {
        further.add(sentence);
    }

    List<String> notes() {
        List<String> notes = new ArrayList<>(further);
        if (skipped > 0) {
            notes.add(skipped + " examples were left out, as nothing can be learned from them");
        }
        if (cut > 0) {
            notes.add(cut + " examples are longer than " + maxLength + " tokens and were cut at their "
                    + (longRows == LongRows.CUT_START ? "start" : "end"));
        }
        if (joined > 0) {
            notes.add("in " + joined + " examples a token begins in what is read and ends in what is learned, which"
                    + " generation will not see so; put the blank at the beginning of the completion");
        }
        return notes;
    }

    private List<TokenRow> rows(LmExample example) throws Unusable {
        if (example == null) {
            throw new Unusable("is null, expected an example");
        }
        LmExample.Content content = example.content();
        if (content instanceof LmExample.Text text) {
            int[] ids = ofText(text.text(), example.isEnded());
            List<TokenRow> pieces = pieces(ids, example.kind());
            findings.text(ids);
            pieces.forEach(piece -> findings.row(piece, piece));
            return pieces;
        }
        TokenRow row;
        if (content instanceof LmExample.Completion completion) {
            row = completion(completion, example.isEnded(), example.kind());
        } else if (content instanceof LmExample.Conversation conversation) {
            row = conversation(conversation, example.kind());
        } else {
            row = tokens((LmExample.Tokens) content, example.kind());
        }
        requireIds(row.ids());
        TokenRow fitting = fitting(row);
        findings.row(row, fitting);
        if (content instanceof LmExample.Completion) {
            findings.answer("completion", fitting, example.isEnded());
        } else if (content instanceof LmExample.Conversation) {
            findings.answer("conversation", fitting, true);
        }
        return List.of(fitting);
    }

    /** The ids of a whole text, perhaps with the token that ends texts. */
    private int[] ofText(String text, boolean ended) throws Unusable {
        if (text.isEmpty()) {
            throw new Unusable("is an empty text, expected something to learn", true);
        }
        int[] ids = model.tokenizer().encode(text);
        int eos = model.tokenizer().eosId().orElse(-1);
        if (ended && eos >= 0 && (ids.length == 0 || ids[ids.length - 1] != eos)) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = eos;
        }
        if (ids.length < 2) {
            throw new Unusable("has " + ids.length + " token, expected 2 or more: one to read, one to learn", true);
        }
        return ids;
    }

    /** Each piece begins with the last token of the one before, so that every token but the first is learned once. */
    private List<TokenRow> pieces(int[] ids, String kind) throws Unusable {
        requireIds(ids);
        List<TokenRow> rows = new ArrayList<>();
        for (int from = 0; from + 1 < ids.length; from += maxLength - 1) {
            int[] piece = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + maxLength));
            int[] labels = piece.clone();
            labels[0] = DecoderInputs.IGNORED;
            rows.add(new TokenRow(piece, labels, kind));
        }
        return rows;
    }

    private TokenRow completion(LmExample.Completion example, boolean ended, String kind) throws Unusable {
        if (example.completion().isEmpty()) {
            throw new Unusable("has an empty completion, expected something to learn", true);
        }
        int[] ids = ofText(example.prompt() + example.completion(), ended);
        int[] labels = nothing(ids);
        learn(ids, labels, boundary(model.tokenizer().encode(example.prompt()), ids), ids.length);
        return new TokenRow(ids, labels, kind);
    }

    private TokenRow tokens(LmExample.Tokens example, String kind) throws Unusable {
        int[] ids = example.ids();
        if (ids.length < 2) {
            throw new Unusable("has " + ids.length + " tokens, expected 2 or more: one to read, one to learn");
        }
        int[] labels = nothing(ids);
        for (int i = 1; i < ids.length; i++) {
            labels[i] = example.learned()[i] ? ids[i] : DecoderInputs.IGNORED;
        }
        return new TokenRow(ids, labels, kind);
    }

    private TokenRow conversation(LmExample.Conversation conversation, String kind) throws Unusable {
        List<ChatMessage> messages = conversation.messages();
        int from = conversation.from();
        if (messages.subList(from, messages.size()).stream()
                .noneMatch(message -> message.role().equals(ASSISTANT))) {
            throw new Unusable("has no message of the role assistant, expected an answer to learn", true);
        }
        ChatTemplate template = model.requireChatTemplate(call);
        JinjaTemplate.Rendered whole = template.renderedWith(messages, false, conversation.tools());
        int[] ids = model.tokenizer().encode(whole.text(), false);
        if (ids.length < 2) {
            throw new Unusable("is rendered as " + ids.length + " tokens, expected 2 or more");
        }
        int[] labels = nothing(ids);
        boolean marked = !whole.generated().isEmpty() && from == 0;
        if (marked) {
            comparePrompts(template, conversation, whole);
        }
        List<int[]> answers = marked ? whole.generated() : answers(template, conversation, whole.text());
        for (int[] answer : answers) {
            int first = boundary(encodePlain(whole.text().substring(0, answer[0])), ids);
            int to = prefix(encodePlain(whole.text().substring(0, answer[1])), ids);
            learn(ids, labels, first, untilStop(ids, first, to));
        }
        return new TokenRow(ids, labels, kind);
    }

    private int[] encodePlain(String text) {
        return model.tokenizer().encode(text, false);
    }

    /**
     * Where in the text the assistant speaks: between the text of the messages before, up to where an answer is asked for, and the
     * text with the answer.
     */
    private List<int[]> answers(ChatTemplate template, LmExample.Conversation conversation, String whole)
            throws Unusable {
        List<ChatMessage> messages = conversation.messages();
        Map<String, ?> variables =
                conversation.tools().isEmpty() ? Map.of() : Map.of(ChatTemplate.TOOLS, conversation.tools());
        List<int[]> answers = new ArrayList<>();
        for (int i = conversation.from(); i < messages.size(); i++) {
            if (!messages.get(i).role().equals(ASSISTANT)) {
                continue;
            }
            String with = i + 1 == messages.size()
                    ? whole
                    : template.rendered(messages.subList(0, i + 1), false, variables)
                            .text();
            String asked = i == 0
                    ? ""
                    : template.rendered(messages.subList(0, i), true, variables).text();
            findings.prompt(asked, with, asked.length());
            if (!with.startsWith(asked)) {
                // A thinking model is asked in other words than it is shown its answers in.
                asked = template.rendered(messages.subList(0, i), false, variables)
                        .text();
            }
            requirePrefix(asked, with, i);
            requirePrefix(with, whole, i + 1);
            answers.add(new int[] {asked.length(), with.length()});
        }
        return answers;
    }

    /** Of a template that marks what the model says: whether each answer is asked for as it is learned. */
    private void comparePrompts(
            ChatTemplate template, LmExample.Conversation conversation, JinjaTemplate.Rendered whole) {
        List<ChatMessage> messages = conversation.messages();
        Map<String, ?> variables =
                conversation.tools().isEmpty() ? Map.of() : Map.of(ChatTemplate.TOOLS, conversation.tools());
        int answer = 0;
        for (int i = 0; i < messages.size() && answer < whole.generated().size(); i++) {
            if (messages.get(i).role().equals(ASSISTANT)) {
                String asked = i == 0
                        ? ""
                        : template.rendered(messages.subList(0, i), true, variables)
                                .text();
                findings.prompt(asked, whole.text(), whole.generated().get(answer++)[0]);
            }
        }
    }

    private static void requirePrefix(String text, String whole, int messages) throws Unusable {
        if (!whole.startsWith(text)) {
            int at = 0;
            while (at < Math.min(text.length(), whole.length()) && text.charAt(at) == whole.charAt(at)) {
                at++;
            }
            throw new Unusable("cannot be told apart into turns: the template renders its first " + messages
                    + " messages otherwise when more follow, from " + at + " characters on ("
                    + MessageText.name(text.substring(at, Math.min(text.length(), at + 40))) + ", then "
                    + MessageText.name(whole.substring(at, Math.min(whole.length(), at + 40)))
                    + "), expected the same beginning. Use a template that marks answers by {% generation %}, or end"
                    + " the conversation with its first answer");
        }
    }

    /** What stands behind the token that ends an answer, such as a line break, is not the model's. */
    private int untilStop(int[] ids, int from, int to) {
        Set<Integer> stops = model.tokenizer().stopIds();
        int end = to;
        while (end > from && !stops.contains(ids[end - 1])) {
            end--;
        }
        return end > from ? end : to;
    }

    private static int[] nothing(int[] ids) {
        int[] labels = new int[ids.length];
        Arrays.fill(labels, DecoderInputs.IGNORED);
        return labels;
    }

    private static void learn(int[] ids, int[] labels, int from, int to) {
        for (int i = Math.max(1, from); i < to; i++) {
            labels[i] = ids[i];
        }
    }

    /** How many tokens of a beginning the whole has; counts where the last one goes on in the whole. */
    private int boundary(int[] beginning, int[] whole) {
        int length = prefix(beginning, whole);
        int eos = model.tokenizer().eosId().orElse(-1);
        boolean ended = length == beginning.length - 1 && beginning[length] == eos;
        joined += length < beginning.length && !ended ? 1 : 0;
        return length;
    }

    private static int prefix(int[] beginning, int[] whole) {
        int different = Arrays.mismatch(beginning, whole);
        return different < 0 ? whole.length : different;
    }

    private void requireIds(int[] ids) throws Unusable {
        int vocabulary = model.vocabularySize();
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabulary) {
                throw new Unusable("has the token id " + ids[i] + ", expected 0 to " + (vocabulary - 1)
                        + "; use the tokenizer of this model");
            }
        }
    }

    private TokenRow fitting(TokenRow row) throws Unusable {
        TokenRow fitting = row.length() > maxLength ? shortened(row) : row;
        if (fitting.targets() == 0) {
            throw new Unusable(
                    (fitting == row ? "has no token that is learned" : "has no token that is learned once it is cut")
                            + ", expected one or more",
                    true);
        }
        cut += fitting == row ? 0 : 1;
        return fitting;
    }

    private TokenRow shortened(TokenRow row) throws Unusable {
        if (longRows == LongRows.REFUSE) {
            throw new Unusable("has " + row.length() + " tokens, expected at most " + maxLength
                    + (maxLength < model.contextLength()
                            ? "; raise maxLength, the context has " + model.contextLength()
                            : ", the context")
                    + "; or have it cut by longRows(LongRows.CUT_START) or CUT_END");
        }
        boolean fromStart = longRows == LongRows.CUT_START;
        int from = fromStart ? row.length() - maxLength : 0;
        int[] ids = Arrays.copyOfRange(row.ids(), from, from + maxLength);
        int[] labels = Arrays.copyOfRange(row.labels(), from, from + maxLength);
        if (fromStart && model.isBeginning(row.ids()[0])) {
            ids[0] = row.ids()[0];
        }
        labels[0] = DecoderInputs.IGNORED;
        return new TokenRow(ids, labels, row.kind());
    }
}
