/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.gguf;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import de.kherud.llama.args.CacheType;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * llama.cpp in a process of its own: whatever a file does to native code ends this process and no test run. Arguments: the
 * model; an adapter or {@code -}; a file with a task in each line; where to write a line for each answer.
 *
 * <p>Tasks: {@code generate COUNT ID,ID...} is answered by a text, {@code encode TEXT} by ids. Texts are in base 64.
 */
final class LlamaProgram {

    private LlamaProgram() {}

    /**
     * Answers the tasks.
     *
     * @param arguments model, adapter, tasks, answers
     * @throws Exception if something is wrong
     */
    public static void main(String[] arguments) throws Exception {
        ModelParameters parameters = new ModelParameters()
                .setModel(arguments[0])
                .setThreads(1)
                .setThreadsBatch(1)
                .setCtxSize(512)
                .setCacheTypeK(CacheType.F32)
                .setCacheTypeV(CacheType.F32)
                .setSeed(1)
                .skipWarmup();
        if (!arguments[1].equals("-")) {
            parameters.addLoraAdapter(arguments[1]);
        }
        List<String> answers = new ArrayList<>();
        try (LlamaModel model = new LlamaModel(parameters)) {
            for (String task : Files.readAllLines(Path.of(arguments[2]))) {
                String[] words = task.split(" ");
                answers.add(
                        words[0].equals("encode")
                                ? Arrays.toString(model.encode(text(words[1]))).replaceAll("[\\[\\] ]", "")
                                : generate(model, Integer.parseInt(words[1]), words[2]));
            }
        }
        Files.write(Path.of(arguments[3]), answers);
        // Its threads would keep the process.
        Runtime.getRuntime().halt(0);
    }

    private static String text(String base64) {
        return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
    }

    private static String generate(LlamaModel model, int count, String ids) throws IOException {
        InferenceParameters parameters = new InferenceParameters("")
                .setNPredict(count)
                .setTemperature(0)
                .setTopK(1)
                .setRepeatPenalty(1)
                .setCachePrompt(true);
        // The binding takes a prompt as text only, the request beneath takes ids as well.
        try {
            Field fields = InferenceParameters.class.getSuperclass().getDeclaredField("parameters");
            fields.setAccessible(true);
            @SuppressWarnings("unchecked")
            Map<String, String> request = (Map<String, String>) fields.get(parameters);
            request.put("prompt", "[" + ids + "]");
        } catch (ReflectiveOperationException e) {
            throw new IOException(e);
        }
        byte[] text = model.complete(parameters).getBytes(StandardCharsets.UTF_8);
        return Base64.getEncoder().encodeToString(text);
    }
}
