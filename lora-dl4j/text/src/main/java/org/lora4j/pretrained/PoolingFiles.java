/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.TensorFile;
import org.lora4j.internal.encoder.EncoderActivation;
import org.lora4j.internal.encoder.EncoderTensor;
import org.lora4j.internal.format.huggingface.Checkpoint;
import org.lora4j.internal.format.huggingface.SentenceModules;
import org.lora4j.internal.format.torch.TorchReader;
import org.lora4j.pretrained.CheckpointNames.Found;
import org.nd4j.linalg.api.buffer.DataType;

/** The modules of sentence-transformers behind a transformer as a {@link Pooling}, with the weights of those that have some. */
final class PoolingFiles {

    private static final Map<String, Pooling.Mode> MODES = Map.of(
            "cls", Pooling.Mode.CLS,
            "max", Pooling.Mode.MAX,
            "mean", Pooling.Mode.MEAN,
            "mean_sqrt_len_tokens", Pooling.Mode.MEAN_SQRT_LENGTH,
            "weightedmean", Pooling.Mode.WEIGHTED_MEAN,
            "lasttoken", Pooling.Mode.LAST_TOKEN);

    private static final String WEIGHT = "linear.weight";
    private static final String BIAS = "linear.bias";

    private PoolingFiles() {}

    static Optional<Pooling> read(Path directory) throws IOException {
        Optional<SentenceModules> modules = SentenceModules.read(directory);
        return modules.isEmpty() ? Optional.empty() : Optional.of(of(directory, modules.get()));
    }

    private static Pooling of(Path directory, SentenceModules modules) throws IOException {
        Pooling pooling =
                Pooling.of(modules.pooling().modes().stream().map(MODES::get).toList());
        if (!modules.pooling().includesPrompt()) {
            pooling = pooling.withoutPrompt();
        }
        for (SentenceModules.Module module : modules.behind()) {
            pooling = module instanceof SentenceModules.Dense dense
                    ? pooling.then(dense(dense))
                    : pooling.then(new Pooling.Normalization());
        }
        if (modules.pooling().dimension().isPresent()) {
            requireFit(directory, pooling, modules.pooling().dimension().getAsInt());
        }
        return pooling;
    }

    private static void requireFit(Path directory, Pooling pooling, int hidden) throws ModelFormatException {
        try {
            pooling.dimension(hidden);
        } catch (IllegalArgumentException e) {
            throw new ModelFormatException(
                    MessageText.path(directory.resolve(SentenceModules.FILE)) + ": its modules do not fit: "
                            + e.getMessage() + " Files are of different models: get all of them again.",
                    e);
        }
    }

    private static List<Pooling.Step> dense(SentenceModules.Dense dense) throws IOException {
        Optional<Pooling.Function> function = Pooling.Function.ofTorch(dense.activation());
        if (function.isEmpty()) {
            throw new ModelFormatException(MessageText.path(dense.folder().resolve("config.json"))
                    + ": activation_function is " + EncoderActivation.unknownTorch(dense.activation())
                    + ". Other functions cannot be computed: get another model.");
        }
        List<Pooling.Step> steps = new ArrayList<>();
        steps.add(linear(dense));
        if (function.get() != Pooling.Function.IDENTITY) {
            steps.add(new Pooling.Activation(function.get()));
        }
        return steps;
    }

    private static Pooling.Linear linear(SentenceModules.Dense dense) throws IOException {
        try (TensorFile file = open(dense.folder())) {
            Problems problems = new Problems();
            check(file, WEIGHT, problems, dense.outputs(), dense.inputs());
            if (dense.bias()) {
                check(file, BIAS, problems, dense.outputs());
            }
            TreeSet<String> others = new TreeSet<>(file.tensors().keySet());
            others.removeAll(dense.bias() ? List.of(WEIGHT, BIAS) : List.of(WEIGHT));
            problems.check(others.isEmpty(), "unexpected tensors: " + Problems.quoted(others));
            throwIfAny(dense.folder(), problems);
            boolean isDouble = file.tensors().get(WEIGHT).dtype() == DType.F64;
            CheckpointArrays arrays = new CheckpointArrays(file, isDouble ? DataType.DOUBLE : DataType.FLOAT, problems);
            List<EncoderTensor> tensors = EncoderTensor.linear("linear", dense.inputs(), dense.outputs());
            Pooling.Linear linear = new Pooling.Linear(
                    dense.folder().getFileName() + ".linear",
                    arrays.read(new Found(tensors.get(0), WEIGHT, 0, 1)),
                    dense.bias() ? arrays.read(new Found(tensors.get(1), BIAS, 0, 1)) : null);
            throwIfAny(dense.folder(), problems);
            return linear;
        }
    }

    /** Weights of before 2023 are pickles, which are read without executing them. */
    private static TensorFile open(Path folder) throws IOException {
        Path pickle = folder.resolve("pytorch_model.bin");
        boolean isPickle = !Files.exists(folder.resolve(Checkpoint.SINGLE)) && Files.exists(pickle);
        return isPickle ? TorchReader.open(pickle) : Checkpoint.open(folder);
    }

    private static void check(TensorFile file, String name, Problems problems, long... shape) {
        TensorEntry entry = file.tensors().get(name);
        String found = entry == null ? "missing" : entry.dtype() + Arrays.toString(entry.shape());
        problems.check(
                entry != null
                        && Arrays.equals(entry.shape(), shape)
                        && CheckpointArrays.READABLE.contains(entry.dtype()),
                "tensor \"" + name + "\" is " + found + ", expected numbers of shape " + Arrays.toString(shape)
                        + " as its config.json says");
    }

    private static void throwIfAny(Path folder, Problems problems) throws ModelFormatException {
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(MessageText.path(folder))
                    + ". The file is damaged or of another model: get it again.");
        }
    }
}
