/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.continual.ContinualTask;
import org.lora4j.continual.TaskStream;
import org.lora4j.integration.datasets.Clinc150;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;

/** The domains as tasks, and their texts as batches. Classes have one number each over all tasks. */
final class Intents {

    private final TextTokenizer tokenizer;
    private final TaskStream<LabeledText> stream;
    private final Map<String, Integer> classes = new LinkedHashMap<>();
    private final Map<String, Texts> tests = new LinkedHashMap<>();

    Intents(Clinc150 clinc, List<String> domains, Settings settings, TextTokenizer tokenizer) {
        this.tokenizer = tokenizer;
        List<ContinualTask<LabeledText>> tasks = new ArrayList<>();
        for (String domain : domains) {
            tasks.add(ContinualTask.of(
                    domain,
                    LabeledText.draw(clinc.intents("train", domain), settings.training(), settings.seed()),
                    LabeledText.draw(clinc.intents("test", domain), settings.test(), settings.seed()),
                    text -> text.labels().first()));
        }
        stream = TaskStream.of(tasks);
        tasks.forEach(task -> task.labels().forEach(label -> classes.put(label, classes.size())));
        tasks.forEach(task -> tests.put(task.name(), batches(task.test(), Settings.TEST_BATCH)));
    }

    TaskStream<LabeledText> stream() {
        return stream;
    }

    List<ContinualTask<LabeledText>> tasks() {
        return stream.tasks();
    }

    List<String> names() {
        return tasks().stream().map(ContinualTask::name).toList();
    }

    /** Number of classes of each task: all have as many. */
    int classesOfTask() {
        return tasks().get(0).labels().size();
    }

    int classOf(LabeledText text) {
        return classes.get(text.labels().first());
    }

    Texts batches(List<LabeledText> texts) {
        return batches(texts, Settings.BATCH);
    }

    Texts batches(List<LabeledText> texts, int size) {
        List<TextExample> examples =
                texts.stream().map(t -> new TextExample(t.text(), classOf(t))).toList();
        return new Texts(texts, LengthBuckets.of(examples, tokenizer, classes.size(), size));
    }

    /** Texts of no task. */
    Texts unlabeled(List<String> texts) {
        List<LabeledText> none =
                texts.stream().map(text -> new LabeledText(text, "")).toList();
        List<TextExample> examples =
                texts.stream().map(text -> new TextExample(text, 0)).toList();
        return new Texts(none, LengthBuckets.of(examples, tokenizer, classes.size(), Settings.TEST_BATCH));
    }

    /** The texts that are learned or tested, task by task. */
    List<Texts> all() {
        List<Texts> all = new ArrayList<>();
        for (ContinualTask<LabeledText> task : tasks()) {
            all.add(batches(task.training()));
            all.add(test(task));
        }
        return all;
    }

    /** The test texts of a task, in the order of the task. */
    Texts test(ContinualTask<LabeledText> task) {
        return tests.get(task.name());
    }
}
