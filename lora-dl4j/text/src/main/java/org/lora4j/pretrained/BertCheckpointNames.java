/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;

/**
 * Under which names a checkpoint of Hugging Face Transformers holds the tensors of a BERT-family model, and whether it
 * holds exactly those.
 */
final class BertCheckpointNames {

    private static final String CLASSIFIER = BertClassifier.HEAD + ".";

    /** First segments of what a prefix may stand before. */
    private static final List<String> ENCODER = List.of("embeddings.", "encoder.", "pooler.");

    /** Heads of other tasks. */
    private static final List<String> OTHER_HEADS = List.of("cls.", "lm_head.", "qa_outputs.");

    /** Saved by old versions of Transformers, and the same in every model. */
    private static final Set<String> BUFFERS = Set.of("embeddings.position_ids", "embeddings.token_type_ids");

    private final HuggingFaceConfig config;
    private final Map<String, TensorEntry> inFile;
    private final String prefix;
    private final Problems problems;

    private final Map<String, String> candidates = new LinkedHashMap<>();
    private final Map<String, String> headCandidates = new LinkedHashMap<>();
    private final Set<String> skipped = new TreeSet<>();
    private final Set<String> unexpected = new TreeSet<>();

    /**
     * Where everything is.
     *
     * @param encoder name in the file of each tensor of the encoder, pooler included if there is one
     * @param head the same of each tensor of the head of a classifier of texts or of tokens, empty if there is none
     * @param task what that head is for; of texts if there is none
     * @param skipped tensors that are not needed
     */
    record Plan(List<Found> encoder, List<Found> head, PretrainedHead.Task task, List<String> skipped) {}

    /** A tensor and its name in the file. */
    record Found(BertTensor tensor, String name) {}

    BertCheckpointNames(
            HuggingFaceConfig config, Map<String, TensorEntry> inFile, Collection<String> skip, Problems problems) {
        this.config = config;
        this.inFile = inFile;
        this.problems = problems;
        String withHead = config.family().prefix();
        this.prefix = inFile.keySet().stream().anyMatch(name -> name.startsWith(withHead)) ? withHead : "";
        inFile.keySet().forEach(name -> sort(name, skip));
    }

    private void sort(String name, Collection<String> skip) {
        boolean inModel = name.startsWith(prefix);
        String path = inModel ? name.substring(prefix.length()) : name;
        if (startsWithAny(name, skip)) {
            skipped.add(name);
        } else if (inModel && BUFFERS.contains(path)) {
            // Nothing to read and nothing to tell.
            return;
        } else if (inModel && startsWithAny(path, ENCODER)) {
            String before = candidates.putIfAbsent(modernized(path), name);
            if (before != null) {
                problems.add(
                        "tensors \"" + before + "\" and \"" + name + "\" are the same one, expected only one of them");
            }
        } else if (name.startsWith(CLASSIFIER)) {
            headCandidates.put(name, name);
        } else if (startsWithAny(name, OTHER_HEADS)) {
            skipped.add(name);
        } else {
            unexpected.add(name);
        }
    }

    /** Where everything is, as far as nothing became a problem. */
    Plan plan() {
        BertConfig bert = config.bert();
        if (bert.layers() > inFile.size()) {
            // Listing the tensors of a number of layers that a hostile file made up would fill the memory.
            problems.add(
                    "num_hidden_layers is " + bert.layers() + ", but there are only " + inFile.size() + " tensors");
            return new Plan(List.of(), List.of(), PretrainedHead.Task.SEQUENCE, List.of());
        }
        boolean pooler = candidates.keySet().stream().anyMatch(name -> name.startsWith(BertTensor.POOLER + "."));
        boolean tags = config.task().equals(Optional.of(PretrainedHead.Task.TOKENS));
        boolean head = config.classifiesSequences().orElse(looksLikeAHead(pooler));
        List<BertTensor> encoder = BertTensor.allOf(bert);
        if (pooler || (head && config.family().classifierPooling() == Pooling.POOLER)) {
            encoder.addAll(BertTensor.poolerOf(bert));
        }
        List<Found> encoderNames = find(encoder, candidates, prefix);
        List<Found> headNames = List.of();
        if (head) {
            headNames = find(config.family().headTensors(bert.hidden(), classes()), headCandidates, "");
        } else if (tags) {
            headNames =
                    find(ClassifierHead.tensors(false, bert.hidden(), rows(CLASSIFIER + "weight")), headCandidates, "");
        } else {
            skipped.addAll(headCandidates.values());
            headCandidates.clear();
        }
        unexpected.addAll(candidates.values());
        unexpected.addAll(headCandidates.values());
        if (!unexpected.isEmpty()) {
            problems.add("unexpected tensors: " + Problems.quoted(unexpected));
        }
        PretrainedHead.Task task = tags ? PretrainedHead.Task.TOKENS : PretrainedHead.Task.SEQUENCE;
        return new Plan(encoderNames, headNames, task, List.copyOf(skipped));
    }

    /** Without the name of a class, a head is one if it has the right form and what comes before it is there. */
    private boolean looksLikeAHead(boolean pooler) {
        return headCandidates.containsKey(config.family().classRows())
                && (pooler || config.family().classifierPooling() != Pooling.POOLER);
    }

    /** As many as the head has rows; whether the labels of the config fit is told when they are read. */
    private int classes() {
        return rows(config.family().classRows());
    }

    private int rows(String weight) {
        TensorEntry rows = inFile.get(weight);
        boolean matrix = rows != null && rows.shape().length == 2 && rows.shape()[0] <= Integer.MAX_VALUE;
        return matrix ? (int) rows.shape()[0] : config.classes();
    }

    /** Takes the tensors out of the candidates; those that are missing or do not fit become problems. */
    private List<Found> find(List<BertTensor> tensors, Map<String, String> from, String where) {
        List<Found> found = new ArrayList<>();
        List<BertTensor> missing = new ArrayList<>();
        for (BertTensor tensor : tensors) {
            String name = from.remove(tensor.name());
            if (name == null) {
                missing.add(tensor);
            } else {
                check(name, tensor);
                found.add(new Found(tensor, name));
            }
        }
        Set<String> unclaimed = new TreeSet<>(unexpected);
        unclaimed.addAll(from.values());
        for (BertTensor tensor : missing) {
            String name = where + tensor.name();
            problems.add("tensor \"" + name + "\" is missing, expected shape " + Arrays.toString(shapeInFile(tensor))
                    + (problems.isFull() ? "" : ClosestNames.hint(name, unclaimed)));
        }
        return found;
    }

    private void check(String name, BertTensor tensor) {
        TensorEntry entry = inFile.get(name);
        long[] expected = shapeInFile(tensor);
        problems.check(
                Arrays.equals(entry.shape(), expected),
                "tensor \"" + name + "\" has shape " + Arrays.toString(entry.shape()) + ", expected "
                        + Arrays.toString(expected));
        problems.check(
                CheckpointArrays.READABLE.contains(entry.dtype()),
                "tensor \"" + name + "\" has type " + entry.dtype() + ", expected one of " + CheckpointArrays.READABLE);
    }

    /** PyTorch's Linear stores {@code [out, in]}. */
    private static long[] shapeInFile(BertTensor tensor) {
        long[] shape = tensor.shape();
        return tensor.kind() == BertTensor.Kind.LINEAR ? new long[] {shape[1], shape[0]} : shape;
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
