/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.CheckpointChain;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** A run of two steps that is always the same, and goes on from whatever is said to be its checkpoint. */
final class TrainingCheckpoints {

    static final String FILE = "checkpoint-000000000001.safetensors";

    private static final String CHECKSUM = "lora4j.sha256";
    private static final String FORMAT = "lora4j.checkpoint";

    private static final Batches BATCHES = Batches.inOrder(List.of(batch(1), batch(2)));

    private TrainingCheckpoints() {}

    static void resume(Path folder, byte[] input) throws IOException {
        Path checkpoints = Files.createDirectories(folder.resolve("checkpoints"));
        clear(checkpoints);
        Path file = Files.write(checkpoints.resolve(FILE), input);
        correctChecksum(file);
        CheckpointChain.read(checkpoints).problems();
        run(checkpoints);
    }

    /** Runs to the end, from the beginning where there is no checkpoint. */
    static TrainingResult run(Path checkpoints) {
        return Trainer.builder(model())
                .plan(TrainingPlan.builder()
                        .epochs(1)
                        .optimizer(AdamW.of(0.01))
                        .seed(5)
                        .build())
                .checkpoints(Checkpoints.in(checkpoints).withEverySteps(1).withKeep(2))
                .build()
                .resume(BATCHES);
    }

    private static void clear(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    /** Past the checksum is where a fuzzer would never come by itself. */
    private static void correctChecksum(Path file) throws IOException {
        List<TensorSource> tensors = new ArrayList<>();
        Map<String, String> values;
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            values = new TreeMap<>(reader.metadata());
            if (!values.containsKey(CHECKSUM)) {
                return;
            }
            for (TensorEntry entry : new TreeMap<>(reader.tensors()).values()) {
                ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(entry.byteCount()));
                reader.read(entry, 0, bytes);
                tensors.add(TensorSource.of(entry.name(), entry.dtype(), entry.shape(), bytes.rewind()));
            }
        } catch (AdapterFormatException e) {
            return;
        }
        values.put(CHECKSUM, checksum(values, tensors, file));
        SafetensorsWriter.write(file, tensors, values);
    }

    private static String checksum(Map<String, String> values, List<TensorSource> tensors, Path file)
            throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        values.forEach((name, value) -> {
            if (!name.equals(CHECKSUM) && !name.equals(FORMAT)) {
                add(digest, name, value);
            }
        });
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (TensorSource tensor : tensors) {
                add(digest, tensor.name(), Arrays.toString(tensor.shape()));
                ByteBuffer bytes = ByteBuffer.allocate(
                        Math.toIntExact(reader.tensor(tensor.name()).byteCount()));
                reader.read(reader.tensor(tensor.name()), 0, bytes);
                digest.update(bytes.array());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void add(MessageDigest digest, String name, String value) {
        String text = name.length() + " " + value.length() + " " + name + value;
        digest.update(text.getBytes(StandardCharsets.UTF_8));
    }

    private static AdaptedSameDiff model() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        SDVariable y = graph.placeHolder("y", DataType.FLOAT, -1, 2);
        SDVariable weight = graph.var("one.weight", Nd4j.eye(2).castTo(DataType.FLOAT));
        graph.math.square(x.mmul(weight).sub(y)).mean("loss", 0, 1);
        graph.setLossVariables("loss");
        return Lora.inject(
                graph,
                LoraConfig.builder().rank(1).alpha(2).targetModules("one").build(),
                3);
    }

    private static Batch batch(float value) {
        return Batch.of(
                Map.of("x", Nd4j.createFromArray(new float[][] {{value, 1}}), "y", Nd4j.createFromArray(new float[][] {
                    {1, value}
                })),
                1);
    }
}
