"""The vendor's codes about face pictures: what each means in plain words, and what somebody can do about it.

Source: the vendor's error list, spellings included, and facts on Hikvision terminals, section 2.6. All of them say that this
picture was not taken; nothing is decided here.
"""

from __future__ import annotations

_FRONT = "take one from the front, in even light, with the whole face in it"
_ALONE = "crop the picture to the one face that is meant"
_LARGER = "take a larger or closer one: the face should be at least 100 pixels wide"
_SHARP = "take a sharp one from the front, without sunglasses, mask or heavy shadow"
_FILE = "this is about the file, not the face: tell who runs trueup, with the model and firmware of the terminal"
_LIBRARY = "look at the face library of the terminal; trueup uses number 1"
_REACH = "see whether the terminal itself can reach that address; without `send: url` the picture is sent to it instead"

FACES: dict[str, tuple[int, str, str]] = {  # sub-code in lower case -> errorCode (0: not in the list), words, what to do
    "picanalysisnotargeterror": (0x60000036, "finds no face in the picture", _FRONT),
    "picturefacedetectzero": (0x6000604C, "finds no face in the picture", _FRONT),
    "nofacedetected": (0, "finds no face in the picture", _FRONT),
    "multiplefaceobjecterror": (0x60000035, "finds several faces in the picture", _ALONE),
    "invalidfaceregion": (0x60007012, "finds the face too close to the edge of the picture", _FRONT),
    "facetypeerror": (0x6000604D, "does not take this for the face of a person", _FRONT),
    "subpicanalysismodelingerror": (0x60000037, "could not make out the face in the picture", _SHARP),
    "facegradingmodelingerror": (0x60000073, "finds the quality of the face too low", _SHARP),
    "facefeaturemodelingerror": (0x60000074, "could not make out the features of the face", _SHARP),
    "faceanalyzingmodelingerror": (0x60000075, "could not make sense of the face in the picture", _SHARP),
    "picturemodelingfailed": (0x40001101, "could not make out the face in the picture", _SHARP),
    "facescorefailure": (0x6000603E, "finds the quality of the face too low", _SHARP),
    "facelowqulity": (0x40006010, "finds the quality of the face too low", _SHARP),
    "poorfacequality": (0x4000A007, "finds the quality of the face too low", _SHARP),
    "lowfacepicquality": (0, "finds the quality of the face too low", _SHARP),
    "pupildistancetoosmall": (0x6000603B, "finds the face too small in the picture", _LARGER),
    "faceresolutionorratioerror": (0x40006011, "does not accept the size or the shape of the face", _LARGER),
    "picsizesmallerror": (0x6000003E, "finds the picture too small", _LARGER),
    "picturepixelstoosmall": (0x40001106, "finds the picture too small", _LARGER),
    "picresolutioninvaliderror": (0x6000003C, "does not accept the width and height of the picture", _LARGER),
    "picturepixelstoolarge": (0x40001105, "finds that the picture has too many pixels", _FILE),
    "picsizeexceederror": (0x6000003D, "finds the picture file too large", _FILE),
    "picturesizeexceedlimit": (0x3000000C, "finds the picture file too large", _FILE),
    "filesizeexceederror": (0x30006010, "finds the picture file too large", _FILE),
    "picformaterror": (0x6000003B, "does not accept this kind of picture file", _FILE),
    "facedatalenshort": (0x6000603C, "finds the picture cut short", _FILE),
    "pictureinfocheckfailure": (0x6000603D, "finds the picture damaged", _FILE),
    "picturenotexist": (0x6000603A, "did not find the picture in what was sent", _FILE),
    "faceimagesnumerror": (0x6000002E, "did not find exactly one picture in what was sent", _FILE),
    "facelibraryiderror": (0x60000031, "has no face library of this number", _LIBRARY),
    "facelibrarynumerror": (0x6000002D, "does not accept the number of its face libraries", _LIBRARY),
    "urldownloadfailed": (0x30002027, "could not download the picture from its address", _REACH),
    "picdataurlisnotvalid": (0x400011C7, "does not accept the address of the picture", _REACH),
    "faceurlisempty": (0x4000510B, "did not find the address of the picture in what was sent", _REACH),
}

NOT_UNDERSTOOD = frozenset({
    "messageparameterslack", "badjsonformat", "badjsoncontent", "badxmlformat", "badxmlcontent", "badparameters", "invalidcontent",
    "faceurlisempty", "picturenotexist", "faceimagesnumerror", "rejected",
})  # fmt: skip
"""What terminals answer to an upload whose parts have other names than they look for; nothing was done then."""
