/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.WholeFile;
import picocli.CommandLine.Model.CommandSpec;

/** Answers as lines for people, as CSV, as JSON lines, or as one JSON object. */
final class RowOutput {

    private static final String AS = "--as";
    private static final String OUTPUT = "--output";
    private static final String GUARD = "--guard-formulas";
    private static final String SCORES = "scores";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** How answers are written. */
    private enum Form {
        TEXT,
        CSV,
        JSONL
    }

    private final Call call;
    private final Form form;
    private final Optional<Path> file;

    private RowOutput(Call call, Form form, Optional<Path> file) {
        this.call = call;
        this.form = form;
        this.file = file;
    }

    static void describe(CommandSpec spec) {
        spec.addOption(
                CliCommand.option(OUTPUT, "FILE", "write the answers to a file, as its name says: .csv, .jsonl"));
        spec.addOption(CliCommand.option(AS, "FORM", "how answers are written: text, csv or jsonl"));
        spec.addOption(CliCommand.flag(GUARD, "cells of CSV that begin with = + - @ get a ' before them"));
        spec.addOption(CliCommand.flag("--force", "replace the file of --output"));
    }

    static RowOutput of(Call call) {
        Optional<Path> file = call.path(OUTPUT);
        Form form = call.text(AS)
                .map(RowOutput::form)
                .orElseGet(() -> file.map(
                                path -> String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT))
                        .map(name -> name.endsWith(".csv") ? Form.CSV : name.endsWith(".txt") ? Form.TEXT : Form.JSONL)
                        .orElse(Form.TEXT));
        file.filter(path -> Files.exists(path) && !call.has("--force")).ifPresent(path -> {
            throw CliException.usage(OUTPUT + " " + MessageText.path(path)
                    + " is there already; nothing is overwritten. Name another file, or replace it: --force");
        });
        return new RowOutput(call, form, file);
    }

    private static Form form(String name) {
        for (Form form : Form.values()) {
            if (form.name().equalsIgnoreCase(name)) {
                return form;
            }
        }
        throw CliException.usage(AS + " " + MessageText.name(name) + ": expected text, csv or jsonl");
    }

    void write(List<String> asked, DataFile rows, List<RowPredictor.Answer> answers) throws IOException {
        List<String> lines = switch (form) {
            case TEXT -> text(asked, answers);
            case CSV -> csv(rows, answers);
            case JSONL -> answers.stream().map(answer -> json(whole(answer))).toList();
        };
        if (file.isPresent()) {
            WholeFile.write(file.get(), String.join("\n", lines) + "\n");
            call.terminal().say(answers.size() + " answers are in " + file.get());
        } else if (call.terminal().isJson()) {
            call.printJson(
                    Map.of("answers", answers.stream().map(RowOutput::whole).toList()));
        } else {
            lines.forEach(call.terminal()::print);
        }
    }

    /** Answers that no line for people can show: as JSON lines unless something else is asked for. */
    void writeAll(DataFile rows, List<RowPredictor.Answer> answers) throws IOException {
        RowOutput all = form == Form.TEXT ? new RowOutput(call, Form.JSONL, file) : this;
        all.write(List.of(), rows, answers);
    }

    private static Map<String, Object> whole(RowPredictor.Answer answer) {
        Map<String, Object> whole = new LinkedHashMap<>(answer.row().fields());
        whole.putAll(answer.fields());
        return whole;
    }

    static String json(Map<String, Object> fields) {
        try {
            return JSON.writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<String> text(List<String> asked, List<RowPredictor.Answer> answers) {
        return answers.stream()
                .map(answer -> {
                    String said = answer.fields().entrySet().stream()
                            .filter(entry -> isShort(entry.getKey()))
                            .map(entry -> shown(entry.getValue()))
                            .collect(Collectors.joining("\t"));
                    // A single answer to a single text stands for itself.
                    return answers.size() == 1 && answer.row().line() == 0
                            ? said
                            : said + "\t"
                                    + TerminalText.line(
                                            shown(answer.row().fields().get(asked.get(asked.size() - 1))));
                })
                .toList();
    }

    /** All that an answer is; the rest is how it came about. */
    private static boolean isShort(String name) {
        return !Set.of(SCORES, "words", "tags").contains(name);
    }

    private static String shown(Object value) {
        if (value instanceof Number number) {
            return Measures.number(number);
        }
        if (value instanceof List<?> list) {
            return list.isEmpty()
                    ? "(none)"
                    : list.stream().map(RowOutput::shown).collect(Collectors.joining("; "));
        }
        if (value instanceof Map<?, ?> entity && entity.containsKey("type")) {
            return entity.get("type") + ": " + entity.get("text");
        }
        return String.valueOf(value);
    }

    private List<String> csv(DataFile rows, List<RowPredictor.Answer> answers) {
        Set<String> columns = new LinkedHashSet<>(rows.columns());
        answers.forEach(answer ->
                answer.fields().keySet().stream().filter(RowOutput::isShort).forEach(columns::add));
        List<String> lines = new ArrayList<>();
        lines.add(columns.stream().map(this::cell).collect(Collectors.joining(",")));
        for (RowPredictor.Answer answer : answers) {
            Map<String, Object> whole = whole(answer);
            lines.add(columns.stream()
                    .map(name -> whole.get(name) == null ? "" : cell(full(whole.get(name))))
                    .collect(Collectors.joining(",")));
        }
        return lines;
    }

    /** Numbers with all their digits. */
    private static String full(Object value) {
        return value instanceof Number
                ? String.valueOf(value)
                : value instanceof List<?> list && list.isEmpty() ? "" : shown(value);
    }

    private String cell(String text) {
        boolean guarded = call.has(GUARD)
                && !text.isEmpty()
                && "=+-@\t\r".indexOf(text.charAt(0)) >= 0
                && !text.matches("[-+]?[0-9.]+([eE][-+]?[0-9]+)?");
        String cell = guarded ? "'" + text : text;
        return cell.matches("(?s).*[\",\r\n].*") ? '"' + cell.replace("\"", "\"\"") + '"' : cell;
    }
}
