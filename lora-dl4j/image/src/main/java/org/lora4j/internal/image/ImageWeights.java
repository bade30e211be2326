/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The weights of an encoder of images, and of a head if the file has one. The arrays are live: all graphs share them.
 *
 * @param config what they are for
 * @param tensors of the encoder by their Python names without a prefix, as graphs have them
 * @param head tensors of the head by their Python names, weights {@code [in, out]}; empty if there is none
 * @apiNote Status: internal
 */
public record ImageWeights(ImageConfig config, Map<String, INDArray> tensors, Map<String, INDArray> head) {

    /** The head of a classifier. */
    public static final String CLASSIFIER = "classifier";

    static final String STUDENT = "cls_classifier";
    static final String TEACHER = "distillation_classifier";

    private static final String ANOTHER_MODEL = "The weights are not of the model that config.json describes.";
    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    /** What pretraining with hidden patches leaves in a file; no part of an encoder or a classifier. */
    private static final String DECODER = "decoder.";

    /**
     * Copies the maps.
     */
    public ImageWeights {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        head = Collections.unmodifiableMap(new LinkedHashMap<>(head));
    }

    /**
     * Reads the weights of a directory.
     *
     * @throws ModelFormatException if tensors are missing, unexpected, of another shape or type, or not finite; the message lists
     *     every problem
     * @throws IOException if a file is damaged or cannot be read
     */
    public static ImageWeights read(Path directory, ImageConfig config) throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            Problems problems = new Problems();
            // Before anything is made for as many layers as a config claims.
            if (config.allLayers() > checkpoint.tensors().size()) {
                problems.add("it has " + checkpoint.tensors().size() + " tensors, expected those of "
                        + config.allLayers() + " layers, as config.json says");
                throwIfAny(checkpoint, problems, ANOTHER_MODEL);
            }
            Map<String, String> names = names(checkpoint, config.family());
            // As the file calls the others, so that what is missing is found in it.
            boolean prefixed = !names.keySet().equals(checkpoint.tensors().keySet());
            String prefix = prefixed ? config.family().modelType() + "." : "";
            List<ImageTensor> wanted = ImageTensor.of(config);
            List<ImageTensor> heads = heads(checkpoint, config, names, problems);
            List<ImageTensor> found = new ArrayList<>();
            for (ImageTensor tensor : wanted) {
                if (check(checkpoint, names, prefix, tensor, problems)) {
                    found.add(tensor);
                }
            }
            checkStrangers(names, wanted, heads, problems);
            throwIfAny(checkpoint, problems, ANOTHER_MODEL);
            List<ImageTensor> all = new ArrayList<>(found);
            all.addAll(heads);
            boolean isDouble = all.stream()
                    .anyMatch(tensor -> entry(checkpoint, names, tensor).dtype() == DType.F64);
            DataType type = isDouble ? DataType.DOUBLE : DataType.FLOAT;
            Map<String, INDArray> tensors = arrays(checkpoint, names, found, type, problems);
            Map<String, INDArray> head = arrays(checkpoint, names, heads, type, problems);
            throwIfAny(checkpoint, problems, "The file is damaged or training had diverged: get another one.");
            return new ImageWeights(config, tensors, head);
        }
    }

    private static void throwIfAny(Checkpoint checkpoint, Problems problems, String advice)
            throws ModelFormatException {
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(checkpoint.source().toString()) + ". " + advice);
        }
    }

    /** The names in the file by those without a prefix. */
    private static Map<String, String> names(Checkpoint checkpoint, ImageFamily family) {
        String prefix = family.modelType() + ".";
        Map<String, String> names = new LinkedHashMap<>();
        checkpoint
                .tensors()
                .keySet()
                .forEach(name -> names.put(name.startsWith(prefix) ? name.substring(prefix.length()) : name, name));
        return names;
    }

    /** Heads are as wide as the file says. */
    private static List<ImageTensor> heads(
            Checkpoint checkpoint, ImageConfig config, Map<String, String> names, Problems problems) {
        List<ImageTensor> heads = new ArrayList<>();
        boolean teacher = config.isWithTeacher();
        int width = teacher ? config.hidden() : config.headWidth(config.headInput());
        long outputs = -1;
        for (String module : teacher ? List.of(STUDENT, TEACHER) : List.of(CLASSIFIER)) {
            if (!names.containsKey(module + WEIGHT)) {
                problems.check(!teacher, "tensor \"" + module + WEIGHT + "\" is missing");
                continue;
            }
            long[] shape = checkpoint.tensor(names.get(module + WEIGHT)).shape();
            outputs = outputs < 0 && shape.length == 2 ? shape[0] : outputs;
            int labels = config.labels().size();
            problems.check(
                    labels == 0 || outputs == labels,
                    module + " has " + outputs + " outputs, expected " + labels + ", as many as id2label has labels");
            ImageTensor weight =
                    new ImageTensor(module + WEIGHT, new long[] {outputs, width}, ImageTensor.Layout.LINEAR, true);
            ImageTensor bias = new ImageTensor(module + BIAS, new long[] {outputs}, ImageTensor.Layout.PLAIN, true);
            if (check(checkpoint, names, "", weight, problems) & check(checkpoint, names, "", bias, problems)) {
                heads.add(weight);
                heads.add(bias);
            }
        }
        return heads;
    }

    /** Whether a tensor is there as it should be; one that is not is called with the prefix. */
    private static boolean check(
            Checkpoint checkpoint, Map<String, String> names, String prefix, ImageTensor tensor, Problems problems) {
        if (!names.containsKey(tensor.name())) {
            problems.check(!tensor.needed(), "tensor \"" + prefix + tensor.name() + "\" is missing");
            return false;
        }
        TensorEntry entry = entry(checkpoint, names, tensor);
        boolean known = ElementCodec.of(entry.dtype()).isPresent();
        problems.check(
                known,
                "tensor \"" + entry.name() + "\" is of type " + entry.dtype() + ", expected floating-point numbers");
        // A mask token has one axis more or less, by the family.
        boolean fits = tensor.shape()[0] < 0 || Arrays.equals(entry.shape(), tensor.shape());
        problems.check(
                fits,
                "tensor \"" + entry.name() + "\" has the shape " + Arrays.toString(entry.shape()) + ", expected "
                        + Arrays.toString(tensor.shape())
                        + (tensor.fields().isEmpty() ? "" : " as " + tensor.fields() + " in config.json say"));
        return known && fits;
    }

    private static void checkStrangers(
            Map<String, String> names, List<ImageTensor> wanted, List<ImageTensor> heads, Problems problems) {
        Map<String, String> left = new LinkedHashMap<>(names);
        wanted.forEach(tensor -> left.remove(tensor.name()));
        heads.forEach(tensor -> left.remove(tensor.name()));
        left.keySet().removeIf(name -> name.startsWith(DECODER));
        if (!left.isEmpty()) {
            problems.add("tensors that are not of this model: " + Problems.quoted(left.values()));
        }
    }

    private static TensorEntry entry(Checkpoint checkpoint, Map<String, String> names, ImageTensor tensor) {
        return checkpoint.tensor(names.get(tensor.name()));
    }

    private static Map<String, INDArray> arrays(
            Checkpoint checkpoint,
            Map<String, String> names,
            List<ImageTensor> tensors,
            DataType type,
            Problems problems)
            throws IOException {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        for (ImageTensor tensor : tensors) {
            TensorEntry entry = entry(checkpoint, names, tensor);
            ElementCodec codec = ElementCodec.of(entry.dtype()).orElseThrow();
            INDArray array = ArrayBytes.read(checkpoint, entry, codec);
            long bad = ArrayBytes.firstNotFinite(array, codec);
            problems.check(
                    bad < 0,
                    "tensor " + MessageText.name(entry.name()) + " holds NaN or an infinity (element " + bad
                            + "), expected finite numbers");
            arrays.put(tensor.name(), tensor.layout().forGraph(array.castTo(type)));
        }
        return arrays;
    }

    /** The type of all arrays. */
    public DataType dataType() {
        return tensors.values().iterator().next().dataType();
    }

    /** The same numbers in another type. */
    public ImageWeights castTo(DataType type) {
        return changed(array -> array.castTo(type));
    }

    /** The same numbers in arrays of their own. */
    public ImageWeights copy() {
        return changed(INDArray::dup);
    }

    private ImageWeights changed(UnaryOperator<INDArray> change) {
        Map<String, INDArray> encoder = new LinkedHashMap<>(tensors);
        encoder.replaceAll((name, array) -> change.apply(array));
        Map<String, INDArray> ofHead = new LinkedHashMap<>(head);
        ofHead.replaceAll((name, array) -> change.apply(array));
        return new ImageWeights(config, encoder, ofHead);
    }

    /**
     * The encoder as a file has it.
     *
     * @param now the array of a tensor as it is now, or null for the one that was read
     * @return by Python's names without a prefix, in PyTorch's layout; not to be written to
     */
    public Map<String, INDArray> checkpoint(Function<String, INDArray> now) {
        Map<String, INDArray> file = new LinkedHashMap<>();
        for (ImageTensor tensor : ImageTensor.of(config)) {
            INDArray read = tensors.get(tensor.name());
            if (read != null) {
                INDArray learned = now.apply(tensor.name());
                file.put(tensor.name(), tensor.layout().forFile(learned == null ? read : learned));
            }
        }
        return file;
    }

    /** Whether there is a pooler behind the first token. */
    boolean hasPooler() {
        return tensors.containsKey(ImageTensor.POOLER + WEIGHT) && tensors.containsKey(ImageTensor.POOLER + BIAS);
    }

    /**
     * The head of the file as one linear module over what the family's head takes; the mean of two heads is one.
     *
     * @return {@code [in, out]} and the bias; empty if there is none
     */
    public Optional<INDArray[]> linearHead() {
        if (head.isEmpty()) {
            return Optional.empty();
        }
        if (!config.isWithTeacher()) {
            return Optional.of(new INDArray[] {head.get(CLASSIFIER + WEIGHT), head.get(CLASSIFIER + BIAS)});
        }
        INDArray weight = Nd4j.concat(0, head.get(STUDENT + WEIGHT), head.get(TEACHER + WEIGHT));
        INDArray bias = head.get(STUDENT + BIAS).add(head.get(TEACHER + BIAS));
        return Optional.of(new INDArray[] {weight.mul(0.5), bias.mul(0.5)});
    }
}
