/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.encoder.EncoderTensor;
import org.lora4j.internal.encoder.FamilyByNames;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Under which names an ONNX export of Hugging Face Transformers holds the tensors of a BERT-family encoder. */
final class BertOnnxNames {

    private static final String WORD_TABLE = "embeddings.word_embeddings.weight";

    private final OnnxInitializers onnx;

    BertOnnxNames(OnnxInitializers onnx) {
        this.onnx = onnx;
    }

    /** With as many heads as the graph splits its features into. */
    EncoderWeights weights() throws ModelFormatException {
        String words = prefix() + WORD_TABLE;
        int hidden = size(onnx.require(Map.of(words, new long[] {-1, -1})).get(words), 1);
        OptionalInt written = onnx.heads().heads(hidden);
        if (written.isEmpty()) {
            throw new ModelFormatException(onnx.source() + ": its graph does not tell into how many heads it splits "
                    + hidden + " features; expected a reshape to [batch, length, heads, " + hidden
                    + " / heads]. Put the model's config.json beside the file, or call fromOnnx(onnx, heads).");
        }
        return weights(written.getAsInt());
    }

    EncoderWeights weights(int heads) throws ModelFormatException {
        String prefix = prefix();
        EncoderConfig config = config(prefix, heads);
        OptionalInt written = onnx.heads().heads(config.hidden());
        if (written.isPresent() && written.getAsInt() != heads) {
            throw new IllegalArgumentException("EncoderWeights.fromOnnx: heads = " + heads + " for " + onnx.source()
                    + "; expected " + written.getAsInt() + ", as its graph splits " + config.hidden()
                    + " features into "
                    + written.getAsInt() + " heads of " + config.hidden() / written.getAsInt() + ".");
        }
        Map<String, String> nameInFile = new LinkedHashMap<>();
        Map<String, long[]> shapes = new LinkedHashMap<>();
        for (EncoderTensor tensor : config.shape().tensors()) {
            nameInFile.put(tensor.name(), nameInFile(prefix, tensor));
            shapes.put(nameInFile(prefix, tensor), tensor.shape());
        }
        Map<String, INDArray> found = onnx.require(shapes);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        nameInFile.forEach((name, inFile) -> tensors.put(name, found.get(inFile)));
        return EncoderWeights.of(config, tensors);
    }

    /** Of another family, every tensor would be missing: its name tells more. */
    private void requireBert() throws ModelFormatException {
        List<String> modules = onnx.names().stream()
                .map(name -> name.replaceFirst("^/", "")
                        .replaceFirst("(/MatMul|\\.weight|\\.bias)$", "")
                        .replace('/', '.'))
                .toList();
        Optional<String> other = FamilyByNames.otherThanBert(modules);
        if (other.isPresent()) {
            throw new ModelFormatException(onnx.source() + ": its tensors have the names of the family \"" + other.get()
                    + "\", which is not read from ONNX; expected an export of a BERT encoder. Load the directory that it"
                    + " was exported from, with config.json, model.safetensors and tokenizer.json:"
                    + " TextEncoder.load(directory).");
        }
    }

    /** What stands before {@code embeddings.word_embeddings.weight}: nothing, or for example {@code bert.}. */
    private String prefix() throws ModelFormatException {
        requireBert();
        List<String> prefixes = onnx.names().stream()
                .filter(name -> name.equals(WORD_TABLE) || name.endsWith("." + WORD_TABLE))
                .map(name -> name.substring(0, name.length() - WORD_TABLE.length()))
                .toList();
        if (prefixes.size() != 1) {
            throw new ModelFormatException(onnx.source() + ": " + prefixes.size() + " tensors named \"" + WORD_TABLE
                    + "\"; expected one, as in exports of BERT-family encoders. The file starts with: "
                    + Problems.quoted(onnx.names()) + ".");
        }
        return prefixes.get(0);
    }

    private EncoderConfig config(String prefix, int heads) throws ModelFormatException {
        String intermediate = nodeName(prefix, "encoder.layer.0.intermediate.dense");
        String words = prefix + WORD_TABLE;
        String positions = prefix + "embeddings.position_embeddings.weight";
        String types = prefix + "embeddings.token_type_embeddings.weight";
        Map<String, long[]> matrices = new LinkedHashMap<>();
        List.of(words, positions, types, intermediate).forEach(name -> matrices.put(name, new long[] {-1, -1}));
        Map<String, INDArray> found = onnx.require(matrices);
        return EncoderConfig.bert(
                layers(prefix),
                size(found.get(words), 1),
                heads,
                size(found.get(intermediate), 1),
                size(found.get(words), 0),
                size(found.get(positions), 0),
                size(found.get(types), 0));
    }

    /** One more than the highest layer number: a gap in between is reported as missing tensors. */
    private int layers(String prefix) {
        String start = prefix + "encoder.layer.";
        return 1
                + onnx.names().stream()
                        .filter(name -> name.startsWith(start))
                        .map(name -> name.substring(start.length()).split("\\.", 2)[0])
                        .filter(number -> number.matches("\\d{1,4}"))
                        .mapToInt(Integer::parseInt)
                        .max()
                        .orElse(0);
    }

    private static String nameInFile(String prefix, EncoderTensor tensor) {
        return tensor.kind() == EncoderTensor.Kind.LINEAR ? nodeName(prefix, tensor.module()) : prefix + tensor.name();
    }

    /** {@code encoder.layer.0.output.dense} is {@code /encoder/layer.0/output/dense/MatMul}. */
    private static String nodeName(String prefix, String module) {
        String[] parts = (prefix + module).split("\\.");
        StringBuilder name = new StringBuilder();
        for (String part : Arrays.asList(parts)) {
            // The number of a layer stays behind its dot, because it is an element of a module list.
            name.append(part.matches("\\d+") ? "." : "/").append(part);
        }
        return name.append("/MatMul").toString();
    }

    private static int size(INDArray array, int dimension) {
        return Math.toIntExact(array.size(dimension));
    }
}
