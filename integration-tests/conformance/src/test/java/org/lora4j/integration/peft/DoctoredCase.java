/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.lora4j.integration.peft.cases.Tensors;
import org.lora4j.integration.peft.host.SameDiffHost;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A copy of a golden case that a test may spoil. */
record DoctoredCase(Path folder) {

    private static final ObjectMapper JSON = new ObjectMapper();

    static DoctoredCase of(String name, Path temporary) throws IOException {
        Path original = Path.of(PeftGoldenTest.FIXTURES, name);
        Path copy = temporary.resolve(name);
        try (Stream<Path> files = Files.walk(original)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(original.relativize(file).toString()));
            }
        }
        return new DoctoredCase(copy);
    }

    DoctoredCase json(String file, Consumer<ObjectNode> edit) throws IOException {
        ObjectNode node = (ObjectNode) JSON.readTree(folder.resolve(file).toFile());
        edit.accept(node);
        JSON.writeValue(folder.resolve(file).toFile(), node);
        return this;
    }

    DoctoredCase about(Consumer<ObjectNode> edit) throws IOException {
        return json("case.json", edit);
    }

    /** Changes one element by a hundredth, and a hundredth of itself, of the first tensor whose name begins so. */
    DoctoredCase spoil(String file, String prefix) throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>(Tensors.read(folder.resolve(file)));
        String name = tensors.keySet().stream()
                .filter(key -> key.startsWith(prefix))
                .findFirst()
                .orElseThrow();
        INDArray changed = tensors.get(name).dup('c');
        changed.putScalar(0, changed.getDouble(0) * 1.01 + 0.01);
        tensors.put(name, changed);
        Tensors.write(folder.resolve(file), tensors);
        return this;
    }

    DoctoredCase withTensor(String file, String name, INDArray array) throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>(Tensors.read(folder.resolve(file)));
        tensors.put(name, array);
        Tensors.write(folder.resolve(file), tensors);
        return this;
    }

    DoctoredCase withoutTensor(String file, String name) throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>(Tensors.read(folder.resolve(file)));
        tensors.remove(name);
        Tensors.write(folder.resolve(file), tensors);
        return this;
    }

    CaseResult run() {
        return CaseRunner.of(new SameDiffHost()).run(folder);
    }
}
