/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;
import org.lora4j.internal.encoder.EncoderDescription;
import org.lora4j.internal.encoder.EncoderFamily;
import org.lora4j.internal.encoder.EncoderPart;
import org.lora4j.internal.encoder.EncoderShape;
import org.lora4j.internal.encoder.EncoderTensor;
import org.lora4j.internal.encoder.EncoderTensor.Stored;
import org.lora4j.internal.encoder.HeadForm;
import org.lora4j.internal.encoder.HeadForm.Task;

/**
 * Under which names a checkpoint of Hugging Face Transformers holds the tensors of an encoder and its head, and whether it
 * holds exactly those.
 */
final class CheckpointNames {

    /** Heads of tasks that no row of the table has, or of other versions of a class. */
    private static final List<String> OTHER_HEADS = List.of(
            "cls.",
            "lm_head.",
            "qa_outputs.",
            "classifier.",
            "classification_head.",
            "pre_classifier.",
            "sop_classifier.",
            "lm_predictions.",
            "mask_predictions.",
            "generator_predictions.",
            "generator_lm_head.",
            "discriminator_predictions.",
            "vocab_projector.",
            "predictions.",
            "decoder.",
            "head.",
            "score.");

    /** Saved by old versions of Transformers, and the same in every model. */
    private static final Set<String> BUFFERS = Set.of("embeddings.position_ids", "embeddings.token_type_ids");

    private static final String FREQUENCIES = "rotary_emb.inv_freq";

    private final EncoderDescription config;
    private final EncoderShape shape;
    private final EncoderFamily family;
    private final Map<String, TensorEntry> inFile;
    private final String prefix;
    private final Problems problems;
    private final Set<String> encoderNames = new HashSet<>();
    private final Set<String> headNames = new HashSet<>();

    private final Map<String, String> candidates = new LinkedHashMap<>();
    private final Map<String, String> headCandidates = new LinkedHashMap<>();
    private final Set<String> skipped = new TreeSet<>();
    private final Set<String> unexpected = new TreeSet<>();

    /**
     * Where everything is.
     *
     * @param encoder the tensors of the encoder, pooler included if there is one
     * @param task what the head is for, if there is one
     * @param head the tensors of the head, empty if there is none
     * @param outputs of the head
     * @param skipped tensors that are not needed
     */
    record Plan(List<Found> encoder, Optional<Task> task, List<Found> head, int outputs, List<String> skipped) {

        static final Plan NONE = new Plan(List.of(), Optional.empty(), List.of(), 0, List.of());
    }

    /**
     * A tensor and where it is.
     *
     * @param tensor which one
     * @param name in the file
     * @param piece of the tensor of that name
     * @param of how many pieces
     */
    record Found(EncoderTensor tensor, String name, int piece, int of) {}

    CheckpointNames(
            EncoderDescription config, Map<String, TensorEntry> inFile, Collection<String> skip, Problems problems) {
        this.config = config;
        this.shape = config.shape();
        this.family = shape.family();
        this.inFile = inFile;
        this.problems = problems;
        this.prefix = family.prefixesInFiles().stream()
                .filter(withHead -> inFile.keySet().stream().anyMatch(name -> name.startsWith(withHead)))
                .findFirst()
                .orElse("");
        shape.tensors().forEach(this::addNames);
        shape.poolerTensors().forEach(this::addNames);
        for (HeadForm form : family.heads().values()) {
            shape.headTensors(form, 1).forEach(tensor -> headNames.add(tensor.name()));
        }
        inFile.keySet().forEach(name -> sort(name, skip));
    }

    private void addNames(EncoderTensor tensor) {
        encoderNames.add(tensor.name());
        tensor.stored().ifPresent(stored -> encoderNames.add(stored.name()));
    }

    private void sort(String name, Collection<String> skip) {
        boolean inModel = name.startsWith(prefix);
        String path = modernized(inModel ? name.substring(prefix.length()) : name);
        String whole = modernized(name);
        if (startsWithAny(name, skip)) {
            skipped.add(name);
        } else if (inModel && isBuffer(path)) {
            // Nothing to read and nothing to tell.
            return;
        } else if (inModel && encoderNames.contains(path)) {
            add(candidates, path, name);
        } else if (headNames.contains(whole)) {
            add(headCandidates, whole, name);
        } else if (startsWithAny(name, OTHER_HEADS)
                || startsWithAny(name, family.ignored())
                || startsWithAny(path, family.ignored())) {
            skipped.add(name);
        } else {
            unexpected.add(name);
        }
    }

    private void add(Map<String, String> to, String path, String name) {
        String before = to.putIfAbsent(path, name);
        if (before != null) {
            problems.add("tensors \"" + before + "\" and \"" + name + "\" are the same one, expected only one of them");
        }
    }

    /** What the Python class keeps beside its parameters, or has and does not use. */
    private boolean isBuffer(String path) {
        boolean unusedPositions =
                shape.has(EncoderPart.DISTANCES) && path.equals(shape.module(EncoderPart.POSITIONS) + ".weight");
        return BUFFERS.contains(path) || path.endsWith(FREQUENCIES) || unusedPositions;
    }

    /** Where everything is, as far as nothing became a problem. */
    Plan plan() {
        List<EncoderTensor> poolers = shape.poolerTensors();
        boolean pooler = poolers.stream().anyMatch(tensor -> candidates.containsKey(tensor.name()));
        Optional<Task> task = task(pooler);
        Optional<HeadForm> form = task.flatMap(family::head);
        boolean pooled = form.isPresent() && form.get().input() == HeadForm.Input.POOLER;
        List<EncoderTensor> encoder = new ArrayList<>(shape.tensors());
        if (pooler || pooled) {
            encoder.addAll(poolers);
        }
        List<Found> found = find(encoder, candidates, prefix);
        List<Found> head = List.of();
        int outputs = form.map(this::outputs).orElse(0);
        if (form.isPresent()) {
            List<EncoderTensor> tensors = shape.headTensors(form.get(), outputs);
            Map<String, String> own = new LinkedHashMap<>(headCandidates);
            own.keySet().retainAll(tensors.stream().map(EncoderTensor::name).toList());
            headCandidates.keySet().removeAll(own.keySet());
            head = find(tensors, own, "");
        }
        skipped.addAll(headCandidates.values());
        unexpected.addAll(candidates.values());
        if (!unexpected.isEmpty()) {
            problems.add("unexpected tensors: " + Problems.quoted(unexpected));
        }
        return new Plan(found, task, head, outputs, List.copyOf(skipped));
    }

    /**
     * What the head is for: what the class says that was saved, or, without one, sequences if it has the right form and what
     * comes before it is there. Pretraining heads may be left out of a file, though its class has one.
     */
    private Optional<Task> task(boolean pooler) {
        Optional<Task> said = config.task();
        if (said.isPresent()) {
            boolean pretraining = said.get() == Task.MASKED_WORDS || said.get() == Task.REPLACED_WORDS;
            HeadForm form = family.head(said.get()).orElseThrow();
            boolean any =
                    shape.headTensors(form, 1).stream().anyMatch(tensor -> headCandidates.containsKey(tensor.name()));
            return pretraining && !any ? Optional.empty() : said;
        }
        if (config.architecture().isPresent()) {
            return Optional.empty();
        }
        return family.head(Task.SEQUENCE)
                .filter(form -> headCandidates.containsKey(classRows(form)))
                .filter(form -> pooler || form.input() != HeadForm.Input.POOLER)
                .map(form -> Task.SEQUENCE);
    }

    /** Name of the tensor with a row for each output. */
    private String classRows(HeadForm form) {
        return form.steps().get(form.steps().size() - 1).name() + ".weight";
    }

    /** As many as it has rows; whether the labels of the config fit is told when they are read. */
    private int outputs(HeadForm form) {
        HeadForm.Kind last = form.steps().get(form.steps().size() - 1).kind();
        if (last == HeadForm.Kind.WORDS) {
            return shape.sizes().vocabulary();
        }
        if (config.task().stream().anyMatch(task -> task == Task.REPLACED_WORDS)) {
            return 1;
        }
        TensorEntry rows = inFile.get(classRows(form));
        return rows == null || rows.shape().length != 2 || rows.shape()[0] > Integer.MAX_VALUE
                ? config.classes()
                : (int) rows.shape()[0];
    }

    /** Takes the tensors out of the candidates; those that are missing or do not fit become problems. */
    private List<Found> find(List<EncoderTensor> tensors, Map<String, String> from, String where) {
        List<Found> found = new ArrayList<>();
        List<EncoderTensor> missing = new ArrayList<>();
        Set<String> used = new HashSet<>();
        for (EncoderTensor tensor : tensors) {
            String own = from.get(tensor.name());
            Optional<Stored> stored = tensor.stored().filter(other -> own == null && from.containsKey(other.name()));
            if (own != null) {
                used.add(tensor.name());
                // The same table twice, as T5 saves it.
                tensor.stored()
                        .map(Stored::name)
                        .filter(family.ignored()::contains)
                        .ifPresent(used::add);
                found.add(checked(new Found(tensor, own, 0, 1)));
            } else if (stored.isPresent()) {
                used.add(stored.get().name());
                found.add(checked(new Found(
                        tensor,
                        from.get(stored.get().name()),
                        stored.get().piece(),
                        stored.get().of())));
            } else {
                missing.add(tensor);
            }
        }
        from.keySet().removeAll(used);
        Set<String> unclaimed = new TreeSet<>(unexpected);
        unclaimed.addAll(from.values());
        Set<String> named = new HashSet<>();
        for (EncoderTensor tensor : missing) {
            Optional<Stored> stored = tensor.stored().filter(other -> family.isStoredOtherwise());
            String name = where + stored.map(Stored::name).orElse(tensor.name());
            if (named.add(name)) {
                long[] expected = shapeInFile(tensor, stored.map(Stored::of).orElse(1));
                problems.add("tensor \"" + name + "\" is missing, expected shape " + Arrays.toString(expected)
                        + (problems.isFull() ? "" : ClosestNames.hint(name, unclaimed)));
            }
        }
        return found;
    }

    private Found checked(Found found) {
        TensorEntry entry = inFile.get(found.name());
        long[] expected = shapeInFile(found.tensor(), found.of());
        if (found.piece() == 0) {
            problems.check(
                    Arrays.equals(entry.shape(), expected),
                    "tensor \"" + found.name() + "\" has shape " + Arrays.toString(entry.shape()) + ", expected "
                            + Arrays.toString(expected));
            problems.check(
                    CheckpointArrays.READABLE.contains(entry.dtype()),
                    "tensor \"" + found.name() + "\" has type " + entry.dtype() + ", expected one of "
                            + CheckpointArrays.READABLE);
        }
        return found;
    }

    private static long[] shapeInFile(EncoderTensor tensor, int pieces) {
        long[] shape = tensor.shapeInFile().clone();
        shape[0] *= pieces;
        return shape;
    }

    /** The names of gain and bias of a layer norm before 2019. */
    private static String modernized(String path) {
        return path.replaceFirst("LayerNorm\\.gamma$", "LayerNorm.weight")
                .replaceFirst("LayerNorm\\.beta$", "LayerNorm.bias");
    }

    private static boolean startsWithAny(String name, Collection<String> starts) {
        return starts.stream().anyMatch(name::startsWith);
    }
}
