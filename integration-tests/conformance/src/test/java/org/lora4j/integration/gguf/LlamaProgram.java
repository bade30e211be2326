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
 * llama.cpp in a process of its own: whatever a file does to native code ends this process and no test run. Arguments: a file
 * with a task in each line; where to write a line for each answer.
 *
 * <p>Tasks: {@code model FILE ADAPTER} loads one, with {@code -} for no adapter, {@code generate COUNT ID,ID...} is answered by
 * a text, {@code encode TEXT} by ids. Texts are in base 64.
 */
final class LlamaProgram {

    private LlamaProgram() {}

    /**
     * Answers the tasks.
     *
     * @param arguments tasks, answers
     * @throws IOException if something is wrong
     */
    public static void main(String[] arguments) throws IOException {
        List<String> answers = new ArrayList<>();
        LlamaModel model = null;
        for (String task : Files.readAllLines(Path.of(arguments[0]))) {
            String[] words = task.split(" ", -1);
            switch (words[0]) {
                case "model" -> model = load(words[1], words[2]);
                case "encode" ->
                    answers.add(Arrays.toString(model.encode(text(words[1]))).replaceAll("[\\[\\] ]", ""));
                default -> answers.add(generate(model, Integer.parseInt(words[1]), words[2]));
            }
        }
        Files.write(Path.of(arguments[1]), answers);
        // Threads of models would keep the process.
        Runtime.getRuntime().halt(0);
    }

    private static LlamaModel load(String file, String adapter) {
        ModelParameters parameters = new ModelParameters()
                .setModel(file)
                .setThreads(1)
                .setThreadsBatch(1)
                .setCtxSize(512)
                .setCacheTypeK(CacheType.F32)
                .setCacheTypeV(CacheType.F32)
                .setSeed(1)
                .skipWarmup();
        if (!adapter.equals("-")) {
            parameters.addLoraAdapter(adapter);
        }
        return new LlamaModel(parameters);
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
                // A prompt after another one that begins alike must not depend on what was said to that.
                .setCachePrompt(false);
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
