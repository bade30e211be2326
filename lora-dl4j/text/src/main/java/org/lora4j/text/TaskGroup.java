/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.text.EncoderParts;
import org.lora4j.internal.text.ExecutorPool;
import org.lora4j.internal.text.TokenRows;
import org.lora4j.model.AdaptedModel;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.samediff.AdaptedSameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Several tasks over one adapter, or over the frozen encoder, that answer together: the encoder reads a text once for all of them.
 *
 * <pre>{@code
 * try (TaskGroup both = TaskGroup.of(intents, slots)) {
 *     TaskGroup.Answers answers = both.predict(List.of("play the new album by Björk"));
 *     Prediction intent = answers.of(intents).get(0);
 *     TaggedWords tagged = answers.of(slots).get(0);
 * }
 * }</pre>
 *
 * <p>A text whose tokens differ between tasks, as they split it in other ways, is read once for each way.
 *
 * <p><b>State.</b> A copy of what the tasks have learned; what they learn later is not in it. <b>Threads.</b> Safe, as long as the encoder
 * is open.
 *
 * @apiNote Status: experimental
 */
public final class TaskGroup implements AutoCloseable {

    private static final int MOST_ROWS = 64;
    private static final int MOST_TOKENS = 4096;

    private final Map<TextTask<?, ?, ?, ?, ?>, Member<?, ?>> members = new IdentityHashMap<>();
    private final EncoderParts parts;
    private final ExecutorPool executors;

    /** A task's head, and what its input is made of. */
    private record Member<I, P>(TaskHead<I, P> head, InputOfText<I> inputs) {

        List<I> inputs(List<String> texts) {
            return texts.stream().map(inputs::of).toList();
        }
    }

    /** A text as an input of a task. */
    private interface InputOfText<I> {
        I of(String text);
    }

    private TaskGroup(EncoderParts parts, Optional<Adapter> factors) {
        this.parts = parts;
        AdaptedSameDiff model = AdaptedSameDiff.of(parts.graph(false, false));
        factors.ifPresent(adapter -> {
            model.addAdapter(AdaptedModel.DEFAULT_ADAPTER, adapter);
            model.activate(AdaptedModel.DEFAULT_ADAPTER);
        });
        this.executors = new ExecutorPool(model::outputExecutor);
    }

    /**
     * Joins tasks.
     *
     * @param tasks two or more tasks that have learned: {@link TextClassifier}, {@link TextRegressor} and {@link TokenClassifier}; with one
     *     encoder and the same factors, such as tasks that {@link TextTask#adopt adopted} them
     * @return the group
     * @throws IllegalStateException if a task has not learned, or all weights of its encoder were trained
     * @throws IllegalArgumentException if there is one task or none, encoders or factors differ, or a task takes no single text; the
     *     message lists every problem
     */
    public static TaskGroup of(TextTask<?, ?, ?, ?, ?>... tasks) {
        Arguments.required(tasks, "TaskGroup.of: tasks", "tasks that have learned");
        List<TextTask<?, ?, ?, ?, ?>> all =
                List.copyOf(Arguments.allRequired(Arrays.asList(tasks), "TaskGroup.of: tasks", "a task"));
        Problems problems = new Problems();
        problems.atLeast("number of tasks", all.size(), 2);
        problems.throwIfAny("TaskGroup.of");
        Map<TextTask<?, ?, ?, ?, ?>, Member<?, ?>> members = new IdentityHashMap<>();
        TextEncoder encoder = all.get(0).encoder();
        Optional<Adapter> factors = all.get(0).taskHead().factors();
        for (TextTask<?, ?, ?, ?, ?> task : all) {
            Optional<Member<?, ?>> member = member(task);
            problems.check(
                    member.isPresent(),
                    MessageText.name(task.name())
                            + " takes no single text, expected TextClassifier, TextRegressor or TokenClassifier");
            problems.check(
                    task.encoder() == encoder,
                    MessageText.name(task.name())
                            + " has another encoder than the first task, expected the same object");
            problems.check(
                    task.taskHead().factors().equals(factors),
                    MessageText.name(task.name())
                            + " has other factors than the first task, expected the same: let both adopt one adapter, or learn a"
                            + " head alone");
            member.ifPresent(known -> members.put(task, known));
        }
        problems.throwIfAny("TaskGroup.of");
        TaskGroup group =
                new TaskGroup(new EncoderParts(encoder.name(), encoder.weights(), encoder.pooling(), false), factors);
        group.members.putAll(members);
        return group;
    }

    private static Optional<Member<?, ?>> member(TextTask<?, ?, ?, ?, ?> task) {
        if (task instanceof TextClassifier classifier) {
            return Optional.of(new Member<>(classifier.taskHead(), text -> text));
        }
        if (task instanceof TextRegressor regressor) {
            return Optional.of(new Member<>(regressor.taskHead(), text -> text));
        }
        return task instanceof TokenClassifier tagger
                ? Optional.of(new Member<>(tagger.taskHead(), LabeledWords::split))
                : Optional.empty();
    }

    /** What the encoder gives for a text. */
    private record Vectors(float[] ofText, float[] ofTokens) {}

    /**
     * What all tasks say of some texts. Immutable.
     *
     * @apiNote Status: experimental
     */
    public static final class Answers {

        private final Map<TextTask<?, ?, ?, ?, ?>, List<?>> byTask;

        private Answers(Map<TextTask<?, ?, ?, ?, ?>, List<?>> byTask) {
            this.byTask = byTask;
        }

        /**
         * What a task says.
         *
         * @param task one of the group
         * @param <P> a prediction
         * @return a prediction for each text, in their order
         * @throws IllegalArgumentException if the task is not in the group
         */
        @SuppressWarnings("unchecked")
        public <P> List<P> of(TextTask<?, ?, P, ?, ?> task) {
            List<?> answers = byTask.get(Arguments.required(task, "TaskGroup.Answers.of: task", "a task of the group"));
            if (answers == null) {
                throw new IllegalArgumentException("TaskGroup.Answers.of: " + MessageText.name(task.name())
                        + " is not in the group; expected one of the tasks that it was made of.");
            }
            return (List<P>) answers;
        }
    }

    /**
     * Answers for texts. Words of a {@link TokenClassifier} are those that {@link LabeledWords#split} makes.
     *
     * @param texts the texts
     * @return what each task says, as its own {@code predict} would within rounding
     * @throws IllegalArgumentException if a text is null or empty; the message lists them
     */
    public Answers predict(List<String> texts) {
        Arguments.required(texts, "TaskGroup.predict: texts", "a list of texts");
        Problems problems = new Problems();
        CheckedExamples.<String>checkInputs("text", texts, String::isBlank, "words", "empty", problems);
        problems.throwIfAny("TaskGroup.predict");
        // Before anything is computed, all that has to be, each row once.
        Map<IntBuffer, TokenizedText> distinct = new LinkedHashMap<>();
        Map<Member<?, ?>, List<TokenizedText>> tokens = new HashMap<>();
        members.values().forEach(member -> tokens.put(member, tokens(member, texts, distinct)));
        Map<IntBuffer, Vectors> vectors = vectors(List.copyOf(distinct.values()));
        Map<TextTask<?, ?, ?, ?, ?>, List<?>> answers = new IdentityHashMap<>();
        members.forEach((task, member) -> answers.put(task, decode(member, texts, tokens.get(member), vectors)));
        return new Answers(Collections.unmodifiableMap(answers));
    }

    private <I, P> List<TokenizedText> tokens(
            Member<I, P> member, List<String> texts, Map<IntBuffer, TokenizedText> distinct) {
        List<TokenizedText> tokens =
                member.inputs(texts).stream().map(member.head()::tokens).toList();
        TokenRows.requireFit("TaskGroup.predict", tokens, parts.weights().config());
        tokens.forEach(text -> distinct.putIfAbsent(key(text), text));
        return tokens;
    }

    private static IntBuffer key(TokenizedText text) {
        // What the encoder reads; words of tokens are for heads alone.
        int[] all = Arrays.copyOf(text.ids(), text.length() + 1);
        all[text.length()] = text.prompt();
        return IntBuffer.wrap(all);
    }

    private Map<IntBuffer, Vectors> vectors(List<TokenizedText> texts) {
        Map<IntBuffer, Vectors> vectors = new HashMap<>();
        if (texts.isEmpty()) {
            return vectors;
        }
        TokenRows rows = new TokenRows(texts, MOST_ROWS, MOST_TOKENS);
        List<String> wanted = List.of(EncoderGraph.POOLED, EncoderGraph.LAST_HIDDEN_STATE);
        executors.with(executor -> {
            for (TokenRows.Part part : rows.parts()) {
                Map<String, INDArray> arrays = parts.placeholders(rows, part, OptionalLong.empty());
                Map<String, INDArray> values = executor.output(arrays, wanted);
                float[] ofTexts = values.get(EncoderGraph.POOLED).ravel().toFloatVector();
                float[] ofTokens =
                        values.get(EncoderGraph.LAST_HIDDEN_STATE).ravel().toFloatVector();
                int size = part.rows().size();
                for (int row = 0; row < size; row++) {
                    TokenizedText text = texts.get(part.rows().get(row));
                    int width = ofTexts.length / size;
                    int each = ofTokens.length / size;
                    int own = each / part.length() * text.length();
                    vectors.put(
                            key(text),
                            new Vectors(
                                    Arrays.copyOfRange(ofTexts, row * width, (row + 1) * width),
                                    Arrays.copyOfRange(ofTokens, row * each, row * each + own)));
                }
                arrays.values().forEach(INDArray::close);
                values.values().forEach(INDArray::close);
            }
            return vectors;
        });
        return vectors;
    }

    private static <I, P> List<P> decode(
            Member<I, P> member, List<String> texts, List<TokenizedText> tokens, Map<IntBuffer, Vectors> vectors) {
        List<I> inputs = member.inputs(texts);
        List<P> answers = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Vectors of = vectors.get(key(tokens.get(i)));
            boolean tags = member.head().meaning() == TaskExporter.Head.TAGS;
            float[] numbers = member.head().numbers(tags ? of.ofTokens() : of.ofText());
            answers.add(member.head().decode(inputs.get(i), tokens.get(i), numbers));
        }
        return answers;
    }

    /** Gives back the memory that predictions keep; tasks and encoder stay open. */
    @Override
    public void close() {
        executors.close();
    }
}
