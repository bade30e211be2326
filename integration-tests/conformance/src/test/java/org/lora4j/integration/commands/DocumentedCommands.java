/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.integration.commands.DocumentedCommand.Form;

/** Collects commands from the documents: lines of blocks that are to be typed, and code within sentences that begins with a program. */
final class DocumentedCommands {

    private static final Set<String> TYPED = Set.of("sh", "shell", "bash", "console");
    /** What a command within a sentence begins with; assignments may stand before it. */
    private static final Pattern PROGRAM = Pattern.compile(
            "(?:\\w+=\\S+ )*(?:\\./)?(?:mvn|lora4j|java|curl|docker|sha256sum|python3?|npm|node|git|openssl|pip|apt|hf|rm|jfr"
                    + "|tensorboard|source|cat) .+");
    /** A command of lora4j with an option, or options alone. */
    private static final Pattern OPTIONS = Pattern.compile("(?:[a-z]+ )?--[a-z].*|-[DP][a-z].*", Pattern.DOTALL);

    private static final Pattern FENCE = Pattern.compile("\\s*```(\\w*)\\s*");
    private static final Pattern CODE = Pattern.compile("(?<!`)`([^`]+)`(?!`)");

    private DocumentedCommands() {}

    /** All commands of all documents below a root: documents by name, commands as they stand there. */
    static List<DocumentedCommand> in(Path root) throws IOException {
        List<DocumentedCommand> commands = new ArrayList<>();
        for (String document : documents(root)) {
            commands.addAll(of(document, Files.readAllLines(root.resolve(document))));
        }
        return commands;
    }

    /** Documents of the project. Model cards that lora4j wrote into test data are none. */
    private static List<String> documents(Path root) throws IOException {
        Set<String> others = Set.of("target", "node_modules", ".git", "earlier");
        try (Stream<Path> files = Files.find(root, Integer.MAX_VALUE, (file, of) -> of.isRegularFile())) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .map(root::relativize)
                    .filter(file -> Stream.iterate(file, path -> path != null, Path::getParent)
                            .noneMatch(
                                    part -> others.contains(part.getFileName().toString())))
                    .map(file -> file.toString().replace('\\', '/'))
                    .sorted()
                    .toList();
        }
    }

    static List<DocumentedCommand> of(String document, List<String> lines) {
        List<DocumentedCommand> commands = new ArrayList<>();
        StringBuilder sentences = new StringBuilder();
        Optional<String> block = Optional.empty();
        int heading = 0;
        StringBuilder open = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            Matcher fence = FENCE.matcher(line);
            boolean isText = false;
            if (fence.matches()) {
                block = block.isPresent() ? Optional.empty() : Optional.of(fence.group(1));
            } else if (block.isPresent()) {
                if (TYPED.contains(block.get())) {
                    boolean isAnswer = block.get().equals("console") && !line.startsWith("$ ") && open.isEmpty();
                    String typed = ShellWords.withoutComment(line.replaceFirst("^\\$ ", ""));
                    open.append(isAnswer ? "" : typed.replaceFirst("\\\\$", ""));
                    if (!typed.endsWith("\\") && !open.isEmpty()) {
                        commands.add(new DocumentedCommand(open.toString(), document, i + 1, heading, Form.LINE));
                        open.setLength(0);
                    }
                }
            } else {
                heading += line.startsWith("#") ? 1 : 0;
                isText = true;
            }
            sentences.append(isText ? line : "").append('\n');
        }
        commands.addAll(withinSentences(document, sentences.toString()));
        commands.sort(Comparator.comparingInt(DocumentedCommand::line));
        return commands;
    }

    private static List<DocumentedCommand> withinSentences(String document, String text) {
        List<DocumentedCommand> commands = new ArrayList<>();
        Matcher code = CODE.matcher(text);
        while (code.find()) {
            String words = code.group(1).replaceAll("\\s+", " ").strip();
            if (PROGRAM.matcher(words).matches() || OPTIONS.matcher(words).matches()) {
                String before = text.substring(0, code.start());
                commands.add(new DocumentedCommand(
                        words,
                        document,
                        (int) before.chars().filter(c -> c == '\n').count() + 1,
                        (int) before.lines()
                                .filter(line -> line.startsWith("#"))
                                .count(),
                        PROGRAM.matcher(words).matches() ? Form.WORDS : Form.OPTIONS));
            }
        }
        return commands;
    }
}
