/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of examples as people have them: what is read, and what is told of what is not. No model is opened for any of it. */
class DataTest {

    @TempDir
    Path folder;

    /** What a training says of a file; a base that is none ends it once the data were good. */
    private CliRun train(String name, byte[] bytes, String... more) throws IOException {
        Path file = Files.write(folder.resolve(name), bytes);
        Path base = Files.createDirectories(folder.resolve("no-base"));
        String[] first = {
            "train",
            "--data",
            file.toString(),
            "--base",
            base.toString(),
            "--out",
            folder.resolve("model").toString()
        };
        String[] all = java.util.Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        CliRun run = CliRun.of(all);
        assertThat(folder.resolve("model")).doesNotExist();
        assertThat(folder.resolve("model.run")).doesNotExist();
        return run;
    }

    private CliRun train(String name, String text, String... more) throws IOException {
        return train(name, text.getBytes(StandardCharsets.UTF_8), more);
    }

    private static byte[] zipped(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    @Test
    void whatSpreadsheetsWrite_isRead() throws IOException {
        String rows = "\uFEFFtext;label;;\r\n\"a \"\"b\"\";\r\nc\";x;;\r\nd; y ;;\r\n;;;\r\n\r\n";
        assertThat(train("q.csv", rows).err()).contains("classification: 2 examples; opening");
        assertThat(train("q.csv", rows.getBytes(StandardCharsets.UTF_16)).err()).contains("2 examples");
        assertThat(train(
                                "q.csv",
                                rows.replace("\uFEFF", "")
                                        .replace("d;", "dü;")
                                        .getBytes(Charset.forName("windows-1252")))
                        .err())
                .contains("it was read as windows-1252, which is a guess", "2 examples");
    }

    @Test
    void otherForms_areToldByTheirNames() throws IOException {
        String lines = "{\"text\": \"a\", \"label\": \"x\"}\n\n{\"text\": \"b\", \"label\": [\"y\"]}\n";
        assertThat(train("q.jsonl", lines).err()).contains("2 examples");
        assertThat(train("q.jsonl.gz", zipped(lines)).err()).contains("2 examples");
        assertThat(train("q.json", "[{\"text\": \"a\", \"label\": \"x\"}, {\"text\": \"b\", \"label\": \"y\"}]")
                        .err())
                .contains("2 examples");
        assertThat(train("q.tsv", "text\tlabel\na, b\tx\nc\ty\n").err()).contains("2 examples");
        assertThat(train("q.data", lines, "--set", "format=jsonl").err()).contains("2 examples");
        assertThat(train("q.csv.gz", "no gzip").err()).contains("no sound .gz file");
    }

    @Test
    void rowsThatCannotBeRead_areToldByLineAndCountedAgainstWhatIsAllowed() throws IOException {
        String rows = "text,label\na,x\nb\nc,y,z\n\"d\" e,x\nf,y\n";
        CliRun refused = train("q.csv", rows);
        assertThat(refused.code()).isEqualTo(ExitCode.INPUT);
        assertThat(refused.err())
                .contains("3 rows cannot be read")
                .contains("line 3 has 1 fields, expected 2")
                .contains("line 4 has 3 fields")
                .contains("line 5, column 4: \" \" behind a closing quote")
                .contains("--skip-bad 3");
        assertThat(train("q.csv", rows, "--skip-bad", "2").code()).isEqualTo(ExitCode.INPUT);
        assertThat(train("q.csv", rows, "--skip-bad", "3").err()).contains("3 rows were left out", "2 examples");
    }

    @Test
    void emptyCells_areRowsThatCannotBeUsed() throws IOException {
        String rows = "text,label\na,x\n,y\nb,\nc,y\n";
        assertThat(train("q.csv", rows).err())
                .contains("line 3: column 'text' is empty; line 4: column 'label' is empty")
                .contains("--skip-bad 2");
        assertThat(train("q.csv", rows, "--skip-bad", "2").err()).contains("2 examples");
        assertThat(train("q.csv", "text,label,other\n,x,1\n,y,2\n").err())
                .contains("no row can be used", "column 'text' is empty");
    }

    @Test
    void aQuoteWithoutEnd_isNeverSkipped() throws IOException {
        CliRun run = train("q.csv", "text,label\na,x\n\"b,y\nc,x\n", "--skip-bad", "9");
        assertThat(run.code()).isEqualTo(ExitCode.INPUT);
        assertThat(run.err()).contains("line 3, column 1: a quote begins that does not end");
    }

    @Test
    void columnsThatAreNotThere_areToldWithThoseThatAre() throws IOException {
        assertThat(train("q.csv", "question,label\na,x\n").err())
                .contains(
                        "column 'text' is not in " + folder.resolve("q.csv") + "; there are: question, label (line 1)");
        assertThat(train("q.csv", "text,text\na,x\n").err())
                .contains("the names of the columns are \"text\", \"text\"");
        assertThat(train("q.csv", "text,label\n").err()).contains("has no rows below its header");
        assertThat(train("q.csv", "").err()).contains("has no rows; it is empty");
    }

    @Test
    void labelsThatTeachNothing_areRefused() throws IOException {
        assertThat(train("q.csv", "text,label\na,x\nb,x\n").err()).contains("have the same label, x");
        Path test = Files.writeString(folder.resolve("test.csv"), "text,label\na,x\nb,z\n");
        assertThat(train("q.csv", "text,label\na,x\nb,y\n", "--test", test.toString())
                        .err())
                .contains("the test part has a label that the training part does not have: z");
    }

    @Test
    void decimalCommas_areToldFromThousands() throws IOException {
        assertThat(train("q.csv", "text;n\na;1,5\nb;-2,25\n", "--number", "n").err())
                .contains("2 examples");
        assertThat(train("q.csv", "text;n\na;1,500\nb;2,250\n", "--number", "n").err())
                .contains("may be thousands or decimals");
        assertThat(train("q.csv", "text;n\na;1,500\nb;2,250\n", "--number", "n", "--set", "decimal=comma")
                        .err())
                .contains("2 examples");
        assertThat(train("q.csv", "text,n\na,1.5\nb,many\n", "--number", "n").err())
                .contains("line 3: column 'n' is \"many\", expected a number with a point");
    }

    @Test
    void bytesThatAreNoText_areToldByPlace() throws IOException {
        byte[] bytes = "text,label\nä,x\nb?,y\n".getBytes(StandardCharsets.UTF_8);
        bytes[bytes.length - 4] = (byte) 0xFF;
        assertThat(train("q.csv", bytes).err()).contains("line 3, column 2: byte 0xFF");
    }

    @Test
    void settings_areRefusedBeforeDataAreRead() throws IOException {
        assertThat(train("q.csv", "", "--method", "lorra").err()).contains("closest: \"lora\"");
        assertThat(train("q.csv", "", "--task", "classifikation").err()).contains("\"classification\"");
        assertThat(train("q.csv", "", "--epochs", "many").code()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void groups_areInOnePart() throws IOException {
        StringBuilder rows = new StringBuilder("text,label,who\n");
        for (int i = 0; i < 20; i++) {
            rows.append("t")
                    .append(i)
                    .append(i % 2 == 0 ? ",x,c" : ",y,c")
                    .append(i / 4)
                    .append('\n');
        }
        assertThat(train("q.csv", rows.toString(), "--set", "group=who", "--set", "test-fraction=0.2")
                        .err())
                .contains("examples, 4 to choose by, 4 to measure on");
    }

    @Test
    void aFileThatDoesNotFitIntoMemory_isRefusedWithItsSize() throws IOException {
        Path large = folder.resolve("large.csv");
        try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
            // It takes no space: nothing is written.
            file.setLength(10_000_000_000L);
        }
        CliRun run = CliRun.of(
                "train",
                "--data",
                large.toString(),
                "--out",
                folder.resolve("model").toString());
        assertThat(run.code()).isEqualTo(ExitCode.INPUT);
        assertThat(run.err()).contains("has 10.0 GB; examples are held in memory");
    }
}
