"""What stands in an XLSX file, with nothing but Python's own modules."""

import io
import zipfile
from xml.etree import ElementTree

NAMESPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheets(data):
    """The cells of a workbook: {sheet: [[...], ...]}."""
    book = zipfile.ZipFile(io.BytesIO(data))
    names = [sheet.get("name") for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iterfind(".//x:sheet",
                                                                                                        NAMESPACE)]
    strings = ["".join(text.text or "" for text in item.iterfind(".//x:t", NAMESPACE))
               for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml")).iterfind("x:si", NAMESPACE)]

    def value(cell):
        number = cell.find("x:v", NAMESPACE)
        return None if number is None else strings[int(number.text)] if cell.get("t") == "s" else float(number.text)

    return {name: [[value(cell) for cell in row.iterfind("x:c", NAMESPACE)] for row in
                   ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iterfind(".//x:row", NAMESPACE)]
            for number, name in enumerate(names, 1)}
