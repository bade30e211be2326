/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.commands;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.integration.commands.CommandReport.Line;
import org.lora4j.integration.commands.CommandReport.Status;
import org.lora4j.integration.commands.DocumentedCommand.Form;

/**
 * Runs every command of the documents in fresh clones: those of Maven once each, all others as a story, from one heading to the next, in a
 * folder with files of the names that the documents use.
 */
public final class CommandRun {

    /** The command that makes the program which the others need. */
    private static final String BUILD = "mvn -Pcli -DskipTests package";

    private static final String FIXTURES = "integration-tests/conformance/src/test/resources/commands/fixtures.sh";
    private static final int SHUTDOWN_SECONDS = 60;

    private final Workplace place;
    private final CommandTable table;
    private final CommandReport report;
    private final Pattern only;
    private final List<DocumentedCommand> commands;

    private CommandRun(Workplace place, CommandReport report, Pattern only) throws IOException {
        this.place = place;
        this.report = report;
        this.only = only;
        table = CommandTable.read(place.checkout());
        commands = DocumentedCommands.in(place.checkout()).stream()
                .filter(command -> command.form() != Form.OPTIONS)
                .filter(command -> table.ruleOf(text(command), command.document())
                        .noCommand()
                        .isEmpty())
                .toList();
        report.keep(commands.stream().map(this::text).collect(Collectors.toSet()));
    }

    /**
     * Runs them. Ends with status 1 if one fails or takes too long.
     *
     * @param args the checkout; the folder for everything; the home of Maven; its local repository; more options for it; published data;
     *     which commands, an expression; minutes for each; whether a run goes on
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Locale.setDefault(Locale.ROOT);
        Path folder = Path.of(args[1]).toAbsolutePath();
        Workplace place = new Workplace(
                Path.of(args[0]).toAbsolutePath(),
                folder,
                Path.of(args[2], "bin", "mvn"),
                Path.of(args[3]).toAbsolutePath(),
                args[4],
                Path.of(args[5]).toAbsolutePath(),
                Long.parseLong(args[7]));
        boolean resumed = Boolean.parseBoolean(args[8]);
        place.prepare(resumed);
        CommandReport report = new CommandReport(folder.resolve("commands.jsonl"), resumed, System.out);
        new CommandRun(place, report, Pattern.compile(args[6])).run();
        System.out.println(report.summary());
        System.exit(report.count(Status.FAILED) + report.count(Status.STOPPED) == 0 ? 0 : 1);
    }

    private String text(DocumentedCommand command) {
        return table.filled(command.text());
    }

    private boolean isMaven(DocumentedCommand command) {
        return command.text().startsWith("mvn ");
    }

    private void run() throws IOException, InterruptedException {
        Map<String, List<DocumentedCommand>> stories = new LinkedHashMap<>();
        commands.stream()
                .filter(command -> !isMaven(command))
                .forEach(command -> stories.computeIfAbsent(
                                command.document() + "#" + command.heading(), name -> new ArrayList<>())
                        .add(command));
        for (Map.Entry<String, List<DocumentedCommand>> story : stories.entrySet()) {
            if (story.getValue().stream()
                    .anyMatch(command ->
                            only.matcher(command.text()).find() && !report.isDone(text(command), command.place()))) {
                story(story.getKey(), story.getValue());
            }
        }
        for (String text : commands.stream()
                .filter(this::isMaven)
                .map(this::text)
                .filter(text -> only.matcher(text).find())
                .distinct()
                .toList()) {
            if (!report.isDone(text, "")) {
                place.clean();
                maven(text, place.fresh());
            }
        }
    }

    private void maven(String text, Path in) throws IOException, InterruptedException {
        List<DocumentedCommand> all =
                commands.stream().filter(command -> text(command).equals(text)).toList();
        List<String> places = all.stream().map(DocumentedCommand::place).toList();
        run(text, places, table.ruleOf(text, all.get(0).document()), in);
    }

    private void story(String name, List<DocumentedCommand> story) throws IOException, InterruptedException {
        Path folder = place.folder().resolve("stories").resolve(name.replaceAll("[^\\w.]+", "-"));
        String document = story.get(0).document();
        if (!Files.isDirectory(place.program())) {
            maven(BUILD, place.sources());
        }
        place.must("test -f fixtures/made || { mkdir -p fixtures && cd fixtures && sh \"$ROOT/" + FIXTURES
                + "\" all && touch made; }");
        place.must("rm -rf '" + folder + "' && mkdir -p stories && cp -R fixtures '" + folder + "' && cd '" + folder
                + "' && sh \"$ROOT/" + FIXTURES + "\" " + document);
        Optional<Process> server = Optional.empty();
        try {
            for (DocumentedCommand command : story) {
                String text = text(command);
                CommandTable.Rule rule = table.ruleOf(text, document);
                if (rule.serves() || rule.server().isPresent() && server.isEmpty()) {
                    stop(server);
                    server = Optional.empty();
                    server = serve(rule.server().orElse(text), command, rule.serves(), folder);
                }
                if (!rule.serves()) {
                    run(text, List.of(command.place()), rule, folder);
                }
            }
        } finally {
            stop(server);
        }
    }

    private Optional<Process> serve(String text, DocumentedCommand command, boolean isDocumented, Path in)
            throws IOException, InterruptedException {
        Path log = log(text);
        long start = System.nanoTime();
        Status status = Status.OK;
        Optional<Process> server = Optional.empty();
        try {
            server = Optional.of(place.serve(text, in, log));
        } catch (IOException e) {
            status = Status.FAILED;
        }
        if (isDocumented) {
            report.add(
                    new Line(text, List.of(command.place()), status, status.ordinal(), since(start), log.toString()));
        }
        return server;
    }

    private static void stop(Optional<Process> server) throws IOException, InterruptedException {
        if (server.isPresent()) {
            server.get().destroy();
            if (!server.get().waitFor(SHUTDOWN_SECONDS, TimeUnit.SECONDS)
                    || server.get().exitValue() != 0) {
                throw new IOException("a server did not end well when it was told to stop");
            }
        }
    }

    private void run(String text, List<String> places, CommandTable.Rule rule, Path in)
            throws IOException, InterruptedException {
        Optional<String> reason = rule.notRun();
        if (reason.isEmpty() && rule.data() && !place.hasShared()) {
            reason = Optional.of("needs the published data: -Dlora4j.shared=FOLDER");
        }
        if (reason.isPresent()) {
            report.add(new Line(text, places, Status.NOT_RUN, -1, 0, reason.get()));
            return;
        }
        Path log = log(text);
        long start = System.nanoTime();
        int code = place.run(rule.line(text), in, log);
        Status status =
                rule.exits().contains(code) ? Status.OK : code == Workplace.STOPPED ? Status.STOPPED : Status.FAILED;
        report.add(new Line(text, places, status, code, since(start), log.toString()));
    }

    private Path log(String text) throws IOException {
        String name = text.replaceAll("[^\\w.]+", "-");
        return Files.createTempFile(place.logs(), name.substring(0, Math.min(name.length(), 80)) + "-", ".log");
    }

    private static double since(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
