/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.multitask.MultiTaskAdapter.Part;

/** The directory of a multi-task adapter. */
final class MultiTaskFiles {

    private static final String SHARED = MultiTaskModel.SHARED;
    private static final String EXPERTS = MultiTaskModel.EXPERTS;
    private static final String SPECIFIC = MultiTaskModel.SPECIFIC;
    private static final String PLAIN = "tasks";
    private static final String README = "README.md";

    private MultiTaskFiles() {}

    static void save(MultiTaskAdapter adapter, Path directory) throws IOException {
        Path target = directory.toAbsolutePath().normalize();
        requireOurs(target);
        StagedDirectory.replace("MultiTaskAdapter.save", target, staging -> write(adapter, staging));
    }

    /** Refuses to write over what somebody else put there. */
    private static void requireOurs(Path target) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(target) || target.getParent() == null) {
            throw new IOException("MultiTaskAdapter.save(" + target
                    + "): this is no directory to replace; expected a new or empty directory, or one with a multi-task"
                    + " adapter. Save elsewhere.");
        }
        try (Stream<Path> files = Files.list(target)) {
            boolean empty = files.findAny().isEmpty();
            if (!empty && !Files.isRegularFile(target.resolve(MultiTaskHeader.FILE))) {
                throw new IOException("MultiTaskAdapter.save(" + target + "): the directory holds other files and no "
                        + MultiTaskHeader.FILE
                        + "; expected a new or empty directory, or one with a multi-task adapter. Save elsewhere.");
            }
        }
    }

    private static void write(MultiTaskAdapter adapter, Path directory) throws IOException {
        if (adapter.shared().isPresent()) {
            adapter.shared().get().save(directory.resolve(SHARED));
        }
        if (adapter.experts().isPresent()) {
            adapter.experts().get().save(directory.resolve(EXPERTS));
        }
        boolean plain = adapter.reasonAgainstPlainForm().isEmpty();
        for (String task : adapter.tasks()) {
            Optional<Adapter> specific = adapter.specific(task);
            if (specific.isPresent()) {
                specific.get().save(directory.resolve(SPECIFIC).resolve(task));
            }
            if (plain) {
                adapter.plain(task).save(directory.resolve(PLAIN).resolve(task));
            }
        }
        WholeFile.write(directory.resolve(README), readme(adapter));
        MultiTaskHeader.of(adapter).write(directory.resolve(MultiTaskHeader.FILE));
    }

    private static String readme(MultiTaskAdapter adapter) {
        StringBuilder text = new StringBuilder("# Multi-task LoRA adapter\n\nTasks: ")
                .append(String.join(", ", adapter.tasks()))
                .append(".\n\n");
        adapter.reasonAgainstPlainForm()
                .ifPresentOrElse(
                        reason -> text.append("There are no plain PEFT adapters here, because ")
                                .append(reason)
                                .append(". Load the whole directory with lora4j.\n"),
                        () -> text.append("`tasks/NAME` is a plain PEFT adapter of one task: open it with PEFT,"
                                + " `subfolder=\"tasks/NAME\"`.\nThe other folders are the parts that they are made of;"
                                + " lora4j goes on training from them.\n"));
        return text.toString();
    }

    static MultiTaskAdapter load(Path place) throws IOException {
        Path directory = StagedDirectory.locate(place);
        MultiTaskHeader header = MultiTaskHeader.read(directory.resolve(MultiTaskHeader.FILE));
        Optional<Adapter> shared = header.hasShared() ? part(directory.resolve(SHARED)) : Optional.empty();
        Optional<Adapter> experts = header.experts() > 0 ? part(directory.resolve(EXPERTS)) : Optional.empty();
        Map<String, Part> parts = new LinkedHashMap<>();
        for (MultiTaskHeader.TaskEntry task : header.tasks()) {
            Optional<Adapter> specific =
                    task.hasSpecific() ? part(directory.resolve(SPECIFIC).resolve(task.name())) : Optional.empty();
            parts.put(task.name(), new Part(specific, task.gate(), task.labels()));
        }
        try {
            return new MultiTaskAdapter(shared, experts, parts);
        } catch (IllegalArgumentException e) {
            throw new CorruptAdapterException(
                    directory + ": " + e.getMessage()
                            + " The directory is damaged or mixed from several: get it again.",
                    e);
        }
    }

    private static Optional<Adapter> part(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new AdapterFormatException(directory + ": no such directory, but " + MultiTaskHeader.FILE
                    + " says that the adapter has this part; expected a PEFT directory. Copy the multi-task directory"
                    + " whole.");
        }
        return Optional.of(Adapter.load(directory));
    }
}
