/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import onnx.Onnx;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.export.Labels;
import org.lora4j.internal.export.MergedParameters;
import org.lora4j.internal.export.OnnxOutputs;
import org.lora4j.internal.export.OnnxSource;
import org.lora4j.internal.export.OnnxWeights;
import org.lora4j.internal.export.Trained;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.onnx.ExternalFiles;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A model with adapters merged and outputs added, ready to be written. */
final class OnnxRewrite {

    private static final Set<String> OWN_FILES =
            new TreeSet<>(List.of(OnnxExport.MODEL, "tokenizer.json", "config.json", "README.md"));

    private static final String ADVICE =
            "Nothing was written. Serve the adapter beside this model, or export the float model"
                    + " again with a weight of its own for each module.";

    private final OnnxSource source;
    private final Set<String> locations;
    private final Map<ExternalFiles.Region, byte[]> regions = new LinkedHashMap<>();
    private final List<String> changed = new ArrayList<>();
    private final List<String> added = new ArrayList<>();
    private final OnnxHead head;
    private Onnx.ModelProto model;
    private Map<String, INDArray> values = Map.of();

    private OnnxRewrite(OnnxSource source, OnnxHead head, Set<String> locations) {
        this.source = source;
        this.head = head;
        this.locations = locations;
    }

    static OnnxRewrite of(OnnxSource source, Trained trained, OnnxHead head, boolean dropsHead) throws IOException {
        Onnx.ModelProto model = source.model();
        OnnxWeights weights = new OnnxWeights(model.getGraph(), source.files());
        Set<String> locations = weights.externalLocations();
        source.note(locations, OWN_FILES);
        Problems damaged = new Problems();
        Map<String, INDArray> arrays = weights.arrays(damaged);
        refuse(source, damaged, "The file is damaged or not complete: fetch it again.");
        requireReplaceable(source, weights, arrays, trained);
        MergedParameters merged = MergedParameters.of("OnnxExport, " + source, arrays, trained);
        OnnxRewrite rewrite = new OnnxRewrite(source, head, locations);
        Onnx.ModelProto.Builder builder = model.toBuilder();
        rewrite.replace(weights, merged.changed(), arrays, builder.getGraphBuilder());
        rewrite.addOutputs(model, builder.getGraphBuilder(), merged, arrays, dropsHead);
        rewrite.model = builder.build();
        return rewrite;
    }

    /** Refused before anything is computed, so that all weights of all adapters are in one message. */
    private static void requireReplaceable(
            OnnxSource source, OnnxWeights weights, Map<String, INDArray> arrays, Trained trained) throws IOException {
        Problems problems = new Problems();
        trained.aligned("OnnxExport, " + source, weights.names()).forEach((name, here) -> {
            if (trained.changes(here, arrays.get(name))) {
                addProblems(weights, name, problems);
            }
        });
        refuse(source, problems, ADVICE);
    }

    private static void addProblems(OnnxWeights weights, String name, Problems problems) {
        weights.problems(name).forEach(problem -> problems.add("\"" + name + "\": " + problem));
    }

    private static void refuse(OnnxSource source, Problems problems, String advice) throws ModelFormatException {
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(source.toString()) + ". " + advice);
        }
    }

    private void replace(
            OnnxWeights weights,
            Map<String, INDArray> values,
            Map<String, INDArray> before,
            Onnx.GraphProto.Builder graph)
            throws IOException {
        Problems problems = new Problems();
        values.forEach((name, value) -> {
            addProblems(weights, name, problems);
            problems.check(
                    Arrays.equals(value.shape(), before.get(name).shape()),
                    "\"" + name + "\" has shape " + Arrays.toString(value.shape()) + " in the adapter, expected "
                            + Arrays.toString(before.get(name).shape()) + " as in the file");
        });
        refuse(source, problems, ADVICE);
        this.values = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            INDArray written = value.castTo(before.get(name).dataType());
            this.values.put(name, written);
            weights.replace(name, written, graph).ifPresent(region -> regions.put(region.getKey(), region.getValue()));
            changed.add(name);
        });
    }

    private void addOutputs(
            Onnx.ModelProto before,
            Onnx.GraphProto.Builder graph,
            MergedParameters merged,
            Map<String, INDArray> arrays,
            boolean dropsHead) {
        Problems problems = new Problems();
        Set<String> left = new TreeSet<>(merged.heads().keySet());
        if (!head.isNone()) {
            OnnxOutputs outputs = new OnnxOutputs(before, graph, problems);
            head.add(outputs, name -> parameter(name, merged, arrays), problems)
                    .forEach(taken -> left.removeIf(name -> name.equals(taken) || name.endsWith("." + taken)));
        }
        problems.check(
                left.isEmpty() || dropsHead,
                "what was trained brings " + Problems.quoted(left)
                        + ", which have no place in the file, expected classes(...) or tags(...) to add a head, or withoutHead()");
        problems.throwIfAny("OnnxExport, " + source);
        graph.getOutputList().stream()
                .skip(before.getGraph().getOutputCount())
                .forEach(output -> added.add(output.getName()));
    }

    /** A parameter of a head: an adapter's, or the file's as adapters leave it. */
    private static Optional<INDArray> parameter(String name, MergedParameters merged, Map<String, INDArray> arrays) {
        return merged.head(name)
                .or(() -> Stream.of(merged.changed(), arrays)
                        .flatMap(map -> map.entrySet().stream())
                        .filter(entry ->
                                entry.getKey().equals(name) || entry.getKey().endsWith("." + name))
                        .map(Map.Entry::getValue)
                        .findFirst());
    }

    ExportReport write(String where, Path directory, byte[] tokenizer, ModelCard card) throws IOException {
        if (model.getSerializedSize() < 0) {
            throw new ModelFormatException(
                    MessageText.value(source)
                            + ": with what is added it would have 2 GiB or more; expected less. Keep its weights in files beside it.");
        }
        List<String> files = new ArrayList<>(locations);
        StagedDirectory.write(where, directory, staging -> {
            source.copy(locations, regions, staging);
            WholeFile.write(staging.resolve(OnnxExport.MODEL), model::writeTo);
            files.add(OnnxExport.MODEL);
            if (tokenizer != null) {
                WholeFile.write(staging.resolve("tokenizer.json"), out -> out.write(tokenizer));
                files.add("tokenizer.json");
            }
            if (!head.labels().isEmpty()) {
                JsonObjects.write(
                        staging.resolve("config.json"),
                        Labels.fields(head.labels(), head.several() ? Labels.SEVERAL : Labels.ONE, head.perToken()));
                files.add("config.json");
            }
            WholeFile.write(staging.resolve("README.md"), text(card, tokenizer != null));
            files.add("README.md");
            source.requireUnchanged();
            requireSame(where, staging);
        });
        return new ExportReport(directory, files.stream().sorted().toList(), changed, added, 0);
    }

    /** The graph that was written has to be the one that was meant, and its weights, found as any reader finds them, those that were meant. */
    private void requireSame(String where, Path staging) throws IOException {
        OnnxSource written = OnnxSource.of(staging.resolve(OnnxExport.MODEL));
        Onnx.ModelProto again = written.model();
        Problems damaged = new Problems();
        Map<String, INDArray> arrays = new OnnxWeights(again.getGraph(), written.files()).arrays(damaged);
        List<String> others = new ArrayList<>();
        values.forEach((name, value) -> {
            INDArray found = arrays.get(name);
            if (found == null || !ArrayBytes.same(ArrayBytes.ownCopy(value), ArrayBytes.ownCopy(found))) {
                others.add(name);
            }
        });
        if (!damaged.isEmpty() || !others.isEmpty() || !again.equals(model)) {
            throw new IOException(where + ": what was written"
                    + (others.isEmpty() ? "" : " of " + Problems.quoted(others))
                    + " is not what was meant; expected the same. Nothing was written. Check the disk and the memory of this"
                    + " machine, and export again.");
        }
    }

    private String text(ModelCard card, boolean hasTokenizer) {
        List<String> outputs = model.getGraph().getOutputList().stream()
                .map(output -> "`" + output.getName().replace("`", "") + "`")
                .toList();
        String loading = """
                With ONNX Runtime in Java; outputs are OUTPUTS:

                ```java
                OrtSession session = OrtEnvironment.getEnvironment().createSession("model.onnx");
                ```
                """.replace("OUTPUTS", String.join(", ", outputs));
        String langChain = """

                With LangChain4j, which pools by itself (`PoolingMode.MEAN` or `CLS`, as the encoder was trained):

                ```java
                EmbeddingModel model = new OnnxEmbeddingModel("model.onnx", "tokenizer.json", PoolingMode.MEAN);
                ```

                With lora4j: `TextEncoder.load(Path.of("model.onnx"))`.
                """;
        return card.text(
                "ONNX model, tuned",
                "onnx",
                changed.size() + " parameters of the base were changed, "
                        + (added.isEmpty()
                                ? "no output was added."
                                : "added outputs: " + String.join(", ", added) + "."),
                hasTokenizer ? loading + langChain : loading);
    }
}
